import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ClassList } from "../../data/class-list.ts";
import { openLabels } from "../label-input.ts";
import { findEncoder } from "../segmenter/open-encoder.ts";
import { exactSideOf, type NetworkChoice } from "../segmenter/open-network.ts";
import { predictLabels } from "../segmenter/predict-labels.ts";
import { readPixelModel } from "../segmenter/predict-model.ts";
import { AVERAGE_DECAY, completeRecipe, type SegmenterRecipe } from "../segmenter/segmenter-recipe.ts";
import { selectTraining } from "../segmenter/training-data.ts";
import { digestFile } from "../store/digest.ts";
import { trainSegmenter } from "../train-segmenter.ts";
import { type PlanTools, photoSeconds } from "./plan-tools.ts";
import type { RecipeOf } from "./recipe.ts";
import { maskChoice } from "./recipe-models.ts";
import { noCams, productOf, type RecipeStage } from "./recipe-stage.ts";
import type { SegmenterOptions } from "./segmenter-shape.ts";

/** A recipe that ends with a segmenter, or may. */
type SegmenterMethod = RecipeOf<"sepl" | "tags" | "boxes" | "points">;

/** What a segmenter is taught. */
export interface Taught {
  readonly classes: ClassList;
  /** Folder of the label maps. */
  readonly labels: string;
  /** How many photos. */
  readonly photos: number;
  /** Of all stages. */
  readonly folders: Readonly<Record<string, string>>;
}

/** Names of the stages that train a segmenter and label photos with it; none where there is none. */
export function segmenterStageNames({
  segmenter,
}: SegmenterMethod): readonly ("segmenter" | "predictions")[] {
  return segmenter === null ? [] : ["segmenter", "predictions"];
}

/** The stages that train a segmenter on labels, and label the photos with it. */
export async function planSegmenter(
  recipe: SegmenterMethod,
  taught: Taught,
  tools: PlanTools,
): Promise<RecipeStage[]> {
  const { segmenter: options } = recipe;
  if (options === null) return [];
  const network = await chooseNetwork(options, recipe, tools);
  const exactSide = await exactSideOf(network.network);
  const recipeOf = (photos: number): SegmenterRecipe =>
    completeRecipe(circumstances(network, photos, exactSide), said(options));
  return [trainStage(recipe, options, { taught, network, recipeOf }), predictStage(recipe, taught, tools)];
}

interface Training {
  readonly taught: Taught;
  readonly network: NetworkChoice;
  readonly recipeOf: (photos: number) => SegmenterRecipe;
}

/** Of SegFormer-B0 and squares of 256 px, two cores; it grows with the pixels. */
const SECONDS_PER_SQUARE = 0.3;

function trainStage(
  recipe: SegmenterMethod,
  options: SegmenterOptions,
  { taught, network, recipeOf }: Training,
): RecipeStage {
  const { classes, labels, photos } = taught;
  const { steps, batch, side } = recipeOf(Math.ceil(photos * (1 - options.validation)));
  return {
    name: "segmenter",
    title: `Train ${describe(network)} on the labels, in ${steps} steps of ${batch} photos at ${side} px.`,
    seconds: steps * batch * SECONDS_PER_SQUARE * (side / 256) ** 2,
    estimate: null,
    async run({ dir, ids, context }) {
      const folders = {
        images: recipe.images,
        labels,
        confidence: null,
        reading: { power: 1, keyBase: 0 },
      } as const;
      const share = { kind: "share", share: options.validation } as const;
      const selection = await selectTraining(folders, share, { seed: recipe.seed, ids });
      const report = await trainSegmenter(
        {
          ...{ folders, selection, classes, network, out: dir, seed: recipe.seed },
          validationLabels: null,
          recipe: recipeOf(selection.training.length),
          weighting: { kind: options.balanced ? "balanced" : "equal" },
          checkpointEvery: options.checkpointEvery,
        },
        context,
      );
      const { images, validation, last } = report;
      return productOf(report, {
        figures: [
          { name: "photos that the segmenter learned from", value: `${images}, and ${validation} kept out` },
          {
            name: "loss of the segmenter",
            value: `${last.loss?.toPrecision(4)} after ${report.steps} steps`,
          },
        ],
        layers: [],
        unseen: selection.validation,
      });
    },
  };
}

function predictStage(recipe: SegmenterMethod, { folders, photos }: Taught, tools: PlanTools): RecipeStage {
  const { images, predictions } = recipe;
  return {
    name: "predictions",
    title: "Label the photos with the segmenter.",
    seconds: photos * photoSeconds.predict * predictions.scales.length,
    estimate: null,
    async run({ dir, ids, context }) {
      const { device, threads } = maskChoice(recipe, tools.threads);
      const model = await readPixelModel(bestCheckpoint(folders.segmenter));
      const report = await predictLabels(
        {
          ...{ images, ids, out: dir, overlay: false, keepsProbabilities: false },
          choice: { model, precision: "float32", device, threads },
          look: { ...predictions, sliding: false, window: null, stride: null },
        },
        context,
      );
      return productOf(report, {
        figures: [{ name: "classes that the segmenter finds", value: `${Object.keys(report.found).length}` }],
        layers: [
          {
            ...{ kind: "labels", name: "segmenter", cams: noCams, isPredicted: true },
            input: openLabels(join(dir, "labels")),
          },
        ],
      });
    },
  };
}

/** That of the best validation, where photos were kept out for one. */
function bestCheckpoint(dir: string): string {
  const best = join(dir, "best.safetensors");
  return existsSync(best) ? best : join(dir, "checkpoint.safetensors");
}

async function chooseNetwork(
  { network: variant = "segformer-b0", encoder, init }: SegmenterOptions,
  { device }: SegmenterMethod,
  { threads }: PlanTools,
): Promise<NetworkChoice> {
  const where = { device, threads };
  if (encoder !== undefined)
    return { network: { kind: "light", encoder: await findEncoder(encoder) }, ...where };
  const weights = init === undefined ? null : { path: init, sha256: (await digestFile(init)).sha256 };
  return { network: { kind: "segformer", variant, init: weights }, ...where };
}

function describe({ network }: NetworkChoice): string {
  return network.kind === "light" ? `a light head on ${network.encoder.name}` : network.variant;
}

function circumstances({ network, device }: NetworkChoice, photos: number, exactSide: number | null) {
  const isPretrained = network.kind === "segformer" && network.init !== null;
  return { kind: network.kind, device, photos, isPretrained, exactSide };
}

function said({
  side,
  batch,
  steps,
  rate,
  warmup,
  validateEvery,
  ema,
}: SegmenterOptions): Partial<SegmenterRecipe> {
  return {
    ...(side !== undefined && { side }),
    ...(batch !== undefined && { batch }),
    ...(steps !== undefined && { steps }),
    ...(rate !== undefined && { rate }),
    ...(warmup !== undefined && { warmup }),
    ...(validateEvery !== undefined && { validateEvery }),
    ...(ema && { averageDecay: AVERAGE_DECAY }),
  };
}
