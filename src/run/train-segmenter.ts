import { join } from "node:path";
import type { ClassList } from "../data/class-list.ts";
import { balanceClasses } from "../methods/segment/class-weights.ts";
import { type RunSummary, secondsSince, writeReport } from "./command.ts";
import { writeAtomically } from "./files.ts";
import { openRunDirectory } from "./run-directory.ts";
import { checkTrainingData, checkTruths, type TrainingData } from "./segmenter/check-training.ts";
import {
  type NetworkChoice,
  networkIdentity,
  type OpenNetwork,
  openNetwork,
} from "./segmenter/open-network.ts";
import { runSegmenterTraining, type TrainedDescription } from "./segmenter/run-training.ts";
import type { SegmenterRecipe } from "./segmenter/segmenter-recipe.ts";
import {
  inputsOf,
  type TrainingFolders,
  type TrainingSelection,
  truthsOf,
} from "./segmenter/training-data.ts";
import type { WorkContext } from "./stage.ts";
import type { TrainLine } from "./train-log.ts";
import { version } from "./version.ts";

/** How much pixels of each class count: alike, more where a class is rare, or as given. */
export type ClassWeighting =
  | { readonly kind: "equal" }
  | { readonly kind: "balanced" }
  | { readonly kind: "given"; readonly weights: readonly number[] };

export interface TrainSegmenterRequest {
  readonly folders: TrainingFolders;
  readonly selection: TrainingSelection;
  /** Label maps to validate with; null takes those that are learned from. */
  readonly validationLabels: string | null;
  readonly classes: ClassList;
  readonly out: string;
  readonly network: NetworkChoice;
  readonly recipe: SegmenterRecipe;
  readonly weighting: ClassWeighting;
  readonly seed: number;
  readonly checkpointEvery: number;
}

export interface TrainSegmenterReport extends RunSummary {
  readonly classes: readonly string[];
  /** Photos that were kept out of the training. */
  readonly validation: number;
  /** Photos without a pixel that is known: they were left out. */
  readonly unlabeled: number;
  readonly steps: number;
  /** What the last step reported. */
  readonly last: Readonly<Record<string, number>>;
  /** The highest mIoU of a validation and the step it came after; null without one. */
  readonly best: { readonly step: number; readonly miou: number } | null;
  readonly timing: RunSummary["timing"] & {
    /** Share of the training's time in which a step waited for photos. */
    readonly waiting: number;
  };
}

/**
 * Trains a segmenter on label maps or CAMs: `OUT/checkpoint.safetensors`, and `best.safetensors` of the best validation, which say all that is
 * needed to use them; `training.ndjson`, `report.html`, and the ids in `train.txt` and `val.txt`. Goes on where an earlier run stopped, to the
 * same bytes.
 *
 * @throws MaskwrightError as `checkTrainingData`, `openNetwork`, `startSegmenter` and `runTraining`
 */
export async function trainSegmenter(
  request: TrainSegmenterRequest,
  context: WorkContext,
): Promise<TrainSegmenterReport> {
  const startMs = performance.now();
  const { folders, selection, classes, out, recipe, network: choice } = request;
  const { validation } = selection;
  const truths = truthsOf(selection, request.validationLabels);
  const options = optionsOf(request);
  const inputs = inputsOf(folders, request.validationLabels);
  const run = openRunDirectory(out, { command: "train segmenter", options, inputs });
  const classCount = classes.classes.length;
  let data: TrainingData;
  try {
    const reading = { reading: folders.reading, classCount };
    data = await checkTrainingData(selection, reading, run, context);
    await checkTruths(selection, truths, reading, run, context);
  } finally {
    run.journal.close();
  }
  warnOfUnlabeled(data, context);
  writeIds(
    join(out, "train.txt"),
    data.items.map(({ id }) => id),
  );
  writeIds(join(out, "val.txt"), validation);
  const open = await openNetwork(choice, classCount, recipe.side);
  try {
    const { lines, waiting } = await runSegmenterTraining(
      {
        description: describeSegmenter(request, open, data),
        ...{ open, data, folder: out },
        init: choice.network.kind === "segformer" ? (choice.network.init?.path ?? null) : null,
        validation: { ids: validation, photos: selection.photos, truths },
        checkpointEvery: request.checkpointEvery,
      },
      context,
    );
    const { step: _, ...last } = lines.at(-1) ?? { step: 0 };
    const report: TrainSegmenterReport = {
      command: "train segmenter",
      maskwright: version,
      options,
      images: data.items.length,
      classes: classes.classes.slice(1),
      validation: validation.length,
      unlabeled: data.unlabeled.length,
      steps: recipe.steps,
      last,
      best: bestOf(lines),
      failures: data.failures,
      fingerprint: data.fingerprint,
      timing: { seconds: secondsSince(startMs), waiting },
    };
    writeReport(out, report);
    return report;
  } finally {
    await open.close();
  }
}

/** All that decides the result besides folders, for `run.json`. */
function optionsOf({
  selection,
  folders,
  classes,
  ...request
}: TrainSegmenterRequest): Record<string, unknown> {
  const { network, recipe, weighting, seed } = request;
  return {
    ...networkIdentity(network),
    ...{ recipe, weighting, seed },
    reading: folders.reading,
    classes: classes.classes.slice(1),
    photos: selection.training.length,
    validation: selection.validation,
  };
}

/** What the checkpoint says. */
function describeSegmenter(
  { classes, recipe, weighting, seed, network: { network: chosen } }: TrainSegmenterRequest,
  { network, normalization }: OpenNetwork,
  { items, pixels, fingerprint }: TrainingData,
): TrainedDescription {
  return {
    kind: "segmenter",
    network,
    classes: classes.classes,
    normalization,
    side: recipe.side,
    training: {
      recipe,
      init: chosen.kind === "segformer" ? (chosen.init?.sha256 ?? null) : null,
      seed,
      photos: items.length,
      classWeights: weightsOf(weighting, pixels),
      fingerprint,
    },
  };
}

function weightsOf(weighting: ClassWeighting, pixels: readonly number[]): readonly number[] | null {
  switch (weighting.kind) {
    case "equal":
      return null;
    case "balanced":
      return balanceClasses(pixels);
    case "given":
      return weighting.weights;
    default:
      return weighting satisfies never;
  }
}

function warnOfUnlabeled({ unlabeled }: TrainingData, { progress }: WorkContext): void {
  if (unlabeled.length === 0) return;
  const few = unlabeled.slice(0, 3).join(", ");
  const more = unlabeled.length > 3 ? ", …" : "";
  progress.warn(`left out ${unlabeled.length} without a pixel that is known (${few}${more})`);
}

function writeIds(path: string, ids: readonly string[]): void {
  writeAtomically(path, ids.map((id) => `${id}\n`).join(""));
}

/** The first of the highest. */
function bestOf(lines: readonly TrainLine[]): TrainSegmenterReport["best"] {
  return lines.reduce<TrainSegmenterReport["best"]>((best, line) => {
    const miou: number | undefined = line["val mIoU"];
    return miou !== undefined && (best === null || miou > best.miou) ? { step: line.step, miou } : best;
  }, null);
}
