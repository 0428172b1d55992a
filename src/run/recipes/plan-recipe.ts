import { planParts } from "./plan-parts.ts";
import { planPrompts } from "./plan-prompts.ts";
import { planSepl } from "./plan-sepl.ts";
import { planTags } from "./plan-tags.ts";
import type { PlanTools } from "./plan-tools.ts";
import type { Recipe } from "./recipe.ts";
import type { RecipePlan } from "./recipe-stage.ts";

/**
 * The stages of a recipe, with all that it names found and read: what can be wrong is said before anything is written.
 *
 * @throws MaskwrightError for what is missing, malformed, or does not fit together
 */
export async function planRecipe(recipe: Recipe, out: string, tools: PlanTools): Promise<RecipePlan> {
  switch (recipe.method) {
    case "sepl":
      return await planSepl(recipe, out, tools);
    case "tags":
      return await planTags(recipe, out, tools);
    case "boxes":
    case "points":
      return await planPrompts(recipe, out, tools);
    case "parts":
      return await planParts(recipe, out, tools);
    default:
      return recipe satisfies never;
  }
}
