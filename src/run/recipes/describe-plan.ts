import { describeEstimate, type Estimate } from "../estimate.ts";
import type { WorkContext } from "../stage.ts";
import { planRecipe } from "./plan-recipe.ts";
import { stageFolders } from "./plan-tools.ts";
import type { Recipe } from "./recipe.ts";
import { storedModels } from "./recipe-models.ts";
import type { RunRecipeOptions } from "./run-recipe.ts";

/** What a run would do. */
export interface PlanDescription {
  readonly images: number;
  readonly stages: readonly PlannedStage[];
}

export interface PlannedStage {
  readonly folder: string;
  readonly title: string;
  /** Null where that cannot be tried before the stages before it are done. */
  readonly estimate: Estimate | null;
}

/**
 * The stages of a recipe, with what those would take that can be tried on a few photos now. Writes nothing.
 *
 * @throws MaskwrightError as `runRecipe`
 */
export async function describePlan(
  recipe: Recipe,
  { out, threads, models = storedModels }: Pick<RunRecipeOptions, "out" | "threads" | "models">,
  context: WorkContext,
): Promise<PlanDescription> {
  const { ids, stages } = await planRecipe(recipe, out, { models, threads: threads ?? null, context });
  const folders = stageFolders(
    "",
    stages.map(({ name }) => name),
  );
  const planned: PlannedStage[] = [];
  for (const { name, title, estimate } of stages)
    planned.push({
      folder: folders[name],
      title,
      estimate: estimate === null ? null : await estimate(context),
    });
  return { images: ids.length, stages: planned };
}

/** The same for people. */
export function formatPlan({ images, stages }: PlanDescription): string {
  const lines = stages.map(({ folder, title, estimate }) => {
    const takes = estimate === null ? "" : ` It takes ${describeEstimate(estimate)}.`;
    return `${folder}: ${title}${takes}`;
  });
  return [`${images} photos; nothing was written`, ...lines].join("\n");
}
