import { join } from "node:path";
import { fmaSamOptions } from "../../methods/proposals/sam-auto/options.ts";
import type { Proposer } from "../masks/mask-source.ts";
import { modelName } from "../masks/mask-source.ts";
import { estimatePropose, propose } from "../propose.ts";
import type { SelectionOptions } from "../selection.ts";
import { type PlanTools, photoSeconds } from "./plan-tools.ts";
import type { RecipeOf } from "./recipe.ts";
import { maskChoice } from "./recipe-models.ts";
import { productOf, type RecipeStage } from "./recipe-stage.ts";

/** A recipe that proposes masks. */
type MaskRecipe = RecipeOf<"sepl" | "tags">;

/** The stage that proposes masks for photos. */
export async function planMasks(
  recipe: MaskRecipe,
  photos: number,
  selection: SelectionOptions,
  tools: PlanTools,
): Promise<RecipeStage> {
  const proposer = await chooseRecipeProposer(recipe, tools);
  const { images } = recipe;
  return {
    name: "masks",
    title: `Propose masks for every photo with ${modelName(proposer)}.`,
    seconds: photos * (proposer.kind === "regions" ? photoSeconds.regions : photoSeconds.model),
    estimate: (context) =>
      estimatePropose({ images, proposer, out: "", overlay: false, ...selection }, context),
    async run({ dir, ids, context }) {
      const report = await propose({ images, proposer, out: dir, overlay: false, ids }, context);
      const mean = report.proposals / Math.max(report.images, 1);
      return productOf(report, {
        figures: [
          { name: "masks", value: `${report.proposals} (${mean.toFixed(1)} a photo), by ${recipe.model}` },
        ],
        layers: [{ kind: "proposals", name: "masks", folder: join(dir, "proposals") }],
      });
    },
  };
}

async function chooseRecipeProposer({ masks, ...recipe }: MaskRecipe, tools: PlanTools): Promise<Proposer> {
  const { max = null, generator: base, ...said } = masks;
  const isAsked = base !== undefined || Object.keys(said).length > 0;
  const generator = isAsked ? { ...(base === "fma" ? fmaSamOptions : {}), ...said } : null;
  return await tools.models.chooseProposer({
    ...maskChoice(recipe, tools.threads),
    maxProposals: max,
    generator,
  });
}
