import { join } from "node:path";
import { openBoxes, openPoints } from "../../data/prompts.ts";
import { openLabels, openPhotos } from "../label-input.ts";
import { modelName } from "../masks/mask-source.ts";
import { estimateSegment, segment } from "../segment.ts";
import { selectPresent } from "../selection.ts";
import { type PlanTools, photoSeconds, stageFolders } from "./plan-tools.ts";
import type { RecipeOf } from "./recipe.ts";
import { maskChoice } from "./recipe-models.ts";
import { noCams, productOf, type RecipePlan, type RecipeStage } from "./recipe-stage.ts";
import { planSegmenter, segmenterStageNames } from "./segmenter-stages.ts";

/** Boxes or points → a mask for each, and label maps → segmenter. */
export async function planPrompts(
  recipe: RecipeOf<"boxes" | "points">,
  out: string,
  tools: PlanTools,
): Promise<RecipePlan> {
  const { images, method } = recipe;
  const prompts =
    recipe.method === "boxes"
      ? await openBoxes(recipe.boxes, recipe.classes)
      : await openPoints(recipe.points, recipe.classes);
  const { classes } = prompts;
  const photos = openPhotos(images);
  const { ids, absent } = await selectPresent(photos, images, prompts, recipe, tools.context);
  const segmenter = await tools.models.chooseSegmenter(maskChoice(recipe, tools.threads));
  const request = { images, prompts, segmenter, overlay: false };
  const folders = stageFolders(out, ["masks", ...segmenterStageNames(recipe)]);
  const masks: RecipeStage = {
    name: "masks",
    title: `Mask the objects that the ${method} mean with ${modelName(segmenter)}.`,
    seconds: ids.length * (segmenter.kind === "regions" ? photoSeconds.regions : photoSeconds.answer),
    estimate: (context) => {
      const { ids, limit } = recipe;
      const selection = { ...(ids !== undefined && { ids }), ...(limit !== undefined && { limit }) };
      return estimateSegment({ ...request, out: "", ...selection }, context);
    },
    async run({ dir, ids, context }) {
      const report = await segment({ ...request, out: dir, ids }, context);
      return productOf(report, {
        figures: [{ name: "objects", value: `${report.objects}, by ${recipe.model}` }],
        layers: [
          { kind: "proposals", name: "objects", folder: join(dir, "objects") },
          { kind: "labels", name: "masks", input: openLabels(join(dir, "labels")), cams: noCams },
        ],
      });
    },
  };
  const taught = { classes, labels: join(folders.masks, "labels"), photos: ids.length, folders };
  return { classes, photos, ids, absent, stages: [masks, ...(await planSegmenter(recipe, taught, tools))] };
}
