import { join } from "node:path";
import { classList } from "../../data/class-list.ts";
import { type CamReading, openLabels, openPhotos } from "../label-input.ts";
import { refine } from "../refine.ts";
import { selectPresent } from "../selection.ts";
import { planMasks } from "./masks-stage.ts";
import { type PlanTools, photoSeconds, stageFolders } from "./plan-tools.ts";
import type { RecipeOf } from "./recipe.ts";
import { noCams, productOf, type RecipePlan, type RecipeStage } from "./recipe-stage.ts";
import { planSegmenter, segmenterStageNames } from "./segmenter-stages.ts";

/** Pseudo labels of any method → masks → SEPL → segmenter. */
export async function planSepl(recipe: RecipeOf<"sepl">, out: string, tools: PlanTools): Promise<RecipePlan> {
  const { images, labels: folder, proposals, refine: options } = recipe;
  const classes = await classList(recipe.classes);
  const photos = openPhotos(images);
  const labels = openLabels(folder);
  const named = { ids: [...labels.files.keys()], path: folder };
  const { ids, absent } = await selectPresent(photos, images, named, recipe, tools.context);
  const folders = stageFolders(out, [
    ...(proposals === undefined ? (["masks"] as const) : []),
    "refined",
    ...segmenterStageNames(recipe),
  ]);
  const cams = readingOf(options);
  const refined: RecipeStage = {
    name: "refined",
    title: "Merge the masks into the labels (SEPL).",
    seconds: photoSeconds.refine * ids.length,
    estimate: null,
    async run({ dir, ids, context, commandLine }) {
      const report = await refine(
        {
          labels: folder,
          proposals: { kind: "folder", folder: proposals ?? folders.masks },
          out: dir,
          variant: options.variant,
          compat: options.compat,
          keepIgnore: options.keepIgnore,
          classes,
          classCount: classes.classes.length,
          cams,
          truth: null,
          overlay: false,
          commandLine,
          ids,
        },
        context,
      );
      const changed = (100 * report.changed) / Math.max(report.pixels, 1);
      return productOf(report, {
        figures: [
          { name: "pixels changed by SEPL", value: `${changed.toFixed(1)} %` },
          { name: "masks taken", value: `${report.taken} of ${report.proposals}` },
        ],
        layers: [
          { kind: "labels", name: "labels", input: labels, cams },
          { kind: "labels", name: "SEPL", input: openLabels(join(dir, "pseudo")), cams: noCams },
        ],
      });
    },
  };
  const masks = proposals === undefined ? [await planMasks(recipe, ids.length, recipe, tools)] : [];
  const taught = { classes, labels: join(folders.refined, "pseudo"), photos: ids.length, folders };
  return {
    classes,
    photos,
    ids,
    absent,
    stages: [...masks, refined, ...(await planSegmenter(recipe, taught, tools))],
  };
}

function readingOf({
  backgroundPower: power,
  backgroundThreshold: threshold = 0.3,
  camKeysFrom: keyBase,
}: RecipeOf<"sepl">["refine"]): CamReading {
  const background =
    power === undefined ? ({ kind: "threshold", threshold } as const) : ({ kind: "power", power } as const);
  return { background, keyBase };
}
