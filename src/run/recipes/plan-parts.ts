import { existsSync } from "node:fs";
import { join } from "node:path";
import { averagePrecision } from "../../core/average-precision.ts";
import { scores } from "../../core/metrics.ts";
import { readIdList } from "../../data/id-list.ts";
import { type PartDataset, readParts } from "../../data/part-dataset.ts";
import { evaluatePartPredictions } from "../evaluate-parts.ts";
import { openLabels, openPhotos } from "../label-input.ts";
import { choosePartFinder } from "../parts/part-finder.ts";
import type { Supervision } from "../parts/part-labels.ts";
import { openPartSource } from "../parts/part-source.ts";
import { openPredictedParts } from "../parts/predicted-parts.ts";
import { type PrompterRecipe, prompterRecipes, recipeSteps } from "../parts/prompter-recipe.ts";
import { predictParts } from "../predict.ts";
import { formatPercent } from "../report/figures.ts";
import type { ReportFact } from "../report/report.ts";
import { selectIds, selectPresent } from "../selection.ts";
import type { WorkContext } from "../stage.ts";
import { trainPrompter } from "../train-prompter.ts";
import { type PlanTools, photoSeconds, stageFolders } from "./plan-tools.ts";
import type { RecipeOf } from "./recipe.ts";
import { maskChoice } from "./recipe-models.ts";
import {
  noCams,
  productOf,
  type RecipePlan,
  type RecipeStage,
  type ScoredLayer,
  type StageProduct,
} from "./recipe-stage.ts";

type PartsRecipe = RecipeOf<"parts">;

/** Boxes or points of parts → prompter → parts of photos (WPS-SAM). */
export async function planParts(recipe: PartsRecipe, out: string, tools: PlanTools): Promise<RecipePlan> {
  const { images, predict = images } = recipe;
  const { source, supervision } = await openPartSource({ ...recipe, recipe: recipe.prompter.recipe });
  const { classes } = source;
  const taught = openPhotos(images);
  const { ids, absent } = await selectPresent(taught, images, source, recipe, tools.context);
  const truth = recipe.truth === undefined ? null : await readParts(recipe.truth, classes.classes);
  const choice = maskChoice(recipe, tools.threads);
  const model = await tools.models.chooseTeacher(choice);
  const settings = prompterSettings(recipe);
  const folders = stageFolders(out, ["prompter", "parts"]);
  const found = predict === images ? null : openPhotos(predict);
  const wanted = found === null ? ids : await selectIds([...found.keys()], predict, {});
  const { validation, augment: versions, checkpointEvery } = recipe.prompter;
  const train: RecipeStage = {
    name: "prompter",
    title: `Learn from ${describe(supervision)} to find parts, and to ask ${recipe.model} for their masks (WPS-SAM).`,
    seconds:
      ids.length * (1 + versions) * photoSeconds.answer + recipeSteps(settings, ids.length * (1 + versions)),
    estimate: null,
    async run({ dir, ids, context }) {
      const report = await trainPrompter(
        {
          ...{ images, source, supervision, out: dir, model, recipe: settings },
          ...{ versions, seed: recipe.seed, checkpointEvery, ids },
          validation: { kind: "share", share: validation },
        },
        context,
      );
      return productOf(report, {
        figures: [
          { name: "parts learned from", value: `${report.parts}, in ${report.images} photos` },
          {
            name: "loss of the prompter",
            value: `${report.last.loss?.toPrecision(4)} after ${report.steps} steps`,
          },
        ],
        layers: [],
      });
    },
  };
  const find: RecipeStage = {
    name: "parts",
    title: "Find, name and mask the parts of the photos.",
    seconds: wanted.length * photoSeconds.answer,
    estimate: null,
    async run({ dir, ids, context }) {
      const finder = await choosePartFinder(join(folders.prompter, "checkpoint.safetensors"), {
        ...choice,
        model: null,
      });
      const selection = found === null ? { ids } : {};
      const request = { images: predict, out: dir, finder, bound: null, overlay: false, ...selection };
      const report = await predictParts(request, context);
      const unseen = found === null ? await unseenIds(folders.prompter) : null;
      const judged =
        truth === null ? null : await judge(dir, { truth, path: recipe.truth as string, unseen }, context);
      return productOf(report, {
        figures: [{ name: "parts found", value: `${report.parts}` }, ...(judged?.figures ?? [])],
        layers: [{ kind: "labels", name: "parts", input: openLabels(join(dir, "labels")), cams: noCams }],
        ...(judged !== null && { scores: judged.scores }),
      });
    },
  };
  const stages = [train, find];
  if (found === null) return { classes, photos: taught, ids, absent, stages };
  return { classes, photos: found, ids, shown: wanted, absent, stages };
}

function describe(supervision: Supervision): string {
  return supervision === "centers" ? "the centers of boxes" : supervision;
}

function prompterSettings({ prompter }: PartsRecipe): PrompterRecipe {
  const base = prompterRecipes[prompter.recipe];
  const { queries, layers, width, epochs, batch, rate, schedule } = { ...base, ...prompter };
  return { ...base, queries, layers, width, epochs, batch, rate, schedule };
}

/** Photos that the prompter did not learn from. */
async function unseenIds(prompter: string): Promise<string[]> {
  const path = join(prompter, "val.txt");
  return existsSync(path) ? await readIdList(path) : [];
}

interface Judged {
  readonly scores: NonNullable<StageProduct["scores"]>;
  readonly figures: readonly ReportFact[];
}

/**
 * Scores of the parts that were found: of the photos that were not learned from, where some were kept out.
 *
 * @param unseen  those; null where the photos are not those of the training
 */
async function judge(
  dir: string,
  {
    truth,
    path,
    unseen,
  }: { readonly truth: PartDataset; readonly path: string; readonly unseen: readonly string[] | null },
  context: WorkContext,
): Promise<Judged> {
  const pred = await openPredictedParts(dir, truth);
  const known = new Set(truth.dataset.images.map(({ id }) => id));
  const kept = new Set(unseen ?? []);
  const all = pred.ids.filter((id) => known.has(id));
  const judged = kept.size === 0 ? all : all.filter((id) => kept.has(id));
  if (judged.length === 0) return { scores: [], figures: [] };
  const evaluation = await evaluatePartPredictions(
    { pred, truth, path, ids: judged, originalBatch: null },
    context,
  );
  const { classes } = truth;
  const precision = evaluation.matches && averagePrecision(evaluation.matches, classes.length, classes);
  const whole = unseen === null ? "parts" : "parts of photos learned from";
  const name = kept.size === 0 ? whole : "parts of unseen photos";
  const layer: ScoredLayer = {
    name,
    images: evaluation.images,
    scores: scores(evaluation.confusion, classes),
  };
  return {
    scores: [layer],
    figures:
      precision === null
        ? []
        : [{ name: "AP50, AP", value: `${formatPercent(precision.ap50)}, ${formatPercent(precision.ap)}` }],
  };
}
