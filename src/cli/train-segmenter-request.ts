import { MaskwrightError } from "../core/error.ts";
import type { Device } from "../engine/index.ts";
import type { SegformerVariant } from "../models/segmenter/config.ts";
import type { NetworkChoice } from "../run/segmenter/open-network.ts";
import type { SegmenterRecipe } from "../run/segmenter/segmenter-recipe.ts";
import type { TrainingFolders, ValidationChoice } from "../run/segmenter/training-data.ts";
import type { ClassWeighting, TrainSegmenterRequest } from "../run/train-segmenter.ts";
import { selectionOf } from "./options.ts";
import type { CommonOptions } from "./session.ts";

export interface TrainSegmenterOptions extends CommonOptions {
  readonly labels: string;
  readonly classes: string;
  readonly out: string;
  readonly network?: SegformerVariant | "light";
  readonly encoder?: string;
  readonly init?: string;
  readonly device: Device;
  readonly side?: number;
  readonly batch?: number;
  readonly steps?: number;
  readonly rate?: number;
  readonly warmup?: number;
  readonly ema?: boolean;
  readonly classWeights?: string;
  readonly confidence?: string;
  readonly backgroundPower?: number;
  readonly keyBase: "0" | "1";
  readonly val?: number;
  readonly valIds?: string;
  readonly valLabels?: string;
  readonly valEvery?: number;
  readonly seed: number;
  readonly checkpointEvery: number;
  readonly dryRun?: boolean;
}

export function checkNetwork({ network, encoder, init }: TrainSegmenterOptions): void {
  const fail = (expected: string, got: string): MaskwrightError =>
    new MaskwrightError("INVALID_ARGUMENT", `train segmenter: expected ${expected}, got ${got}`);
  if (network === "light" && encoder === undefined)
    throw fail("--encoder MODEL with --network light", "none");
  if (encoder !== undefined && network !== undefined && network !== "light")
    throw fail("--network light with --encoder", network);
  if (encoder !== undefined && init !== undefined) throw fail("--encoder or --init", "both");
}

export async function requestOf(
  images: string,
  options: TrainSegmenterOptions,
): Promise<TrainSegmenterRequest> {
  const [{ classList }, { selectTraining }] = await Promise.all([
    import("../data/class-list.ts"),
    import("../run/segmenter/training-data.ts"),
  ]);
  const classes = await classList(options.classes);
  const folders: TrainingFolders = {
    images,
    labels: options.labels,
    confidence: options.confidence ?? null,
    reading: { power: options.backgroundPower ?? 1, keyBase: options.keyBase === "1" ? 1 : 0 },
  };
  const { seed, out, checkpointEvery } = options;
  const selection = await selectTraining(folders, await validationOf(options), {
    seed,
    ...selectionOf(options),
  });
  const network = await networkOf(options);
  return {
    ...{ folders, selection, classes, out, network, seed, checkpointEvery },
    validationLabels: options.valLabels ?? null,
    recipe: await recipeOf(options, network, selection.training.length),
    weighting: await weightingOf(options, classes.classes),
  };
}

async function validationOf({ val = 0.1, valIds }: TrainSegmenterOptions): Promise<ValidationChoice> {
  if (valIds === undefined) return { kind: "share", share: val };
  const { readIdList } = await import("../data/id-list.ts");
  return { kind: "ids", ids: await readIdList(valIds) };
}

async function networkOf(options: TrainSegmenterOptions): Promise<NetworkChoice> {
  const { encoder, init, device, workers } = options;
  const where = { device, threads: workers ?? null };
  if (encoder !== undefined) {
    const { findEncoder } = await import("../run/segmenter/open-encoder.ts");
    return { network: { kind: "light", encoder: await findEncoder(encoder) }, ...where };
  }
  const variant = (options.network ?? "segformer-b0") as SegformerVariant;
  if (init === undefined) return { network: { kind: "segformer", variant, init: null }, ...where };
  const { digestFile } = await import("../run/store/digest.ts");
  const { sha256 } = await digestFile(init);
  return { network: { kind: "segformer", variant, init: { path: init, sha256 } }, ...where };
}

async function recipeOf(
  { side, batch, steps, rate, warmup, valEvery, ema, device }: TrainSegmenterOptions,
  { network }: NetworkChoice,
  photos: number,
): Promise<SegmenterRecipe> {
  const [{ AVERAGE_DECAY, completeRecipe }, { exactSideOf }] = await Promise.all([
    import("../run/segmenter/segmenter-recipe.ts"),
    import("../run/segmenter/open-network.ts"),
  ]);
  const isPretrained = network.kind === "segformer" && network.init !== null;
  const exactSide = await exactSideOf(network);
  return completeRecipe(
    { kind: network.kind, device, photos, isPretrained, exactSide },
    {
      ...(side !== undefined && { side }),
      ...(batch !== undefined && { batch }),
      ...(steps !== undefined && { steps }),
      ...(rate !== undefined && { rate }),
      ...(warmup !== undefined && { warmup }),
      ...(valEvery !== undefined && { validateEvery: valEvery }),
      ...(ema === true && { averageDecay: AVERAGE_DECAY }),
    },
  );
}

async function weightingOf(
  { classWeights }: TrainSegmenterOptions,
  classes: readonly string[],
): Promise<ClassWeighting> {
  if (classWeights === undefined) return { kind: "equal" };
  if (classWeights === "auto") return { kind: "balanced" };
  const { readClassWeights } = await import("../run/segmenter/class-weight-file.ts");
  return { kind: "given", weights: await readClassWeights(classWeights, classes) };
}
