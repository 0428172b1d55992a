import { badFormat } from "../../core/error.ts";
import { BACKGROUND } from "../../core/label-map.ts";
import type { PixelSupervision } from "../../methods/segment/training.ts";
import { fingerprintOf, stageKey } from "../artifact-key.ts";
import { fileOf } from "../label-input.ts";
import type { RunDirectory } from "../run-directory.ts";
import {
  type Failure,
  type Finished,
  type FinishedItems,
  runStage,
  type Stage,
  type WorkContext,
} from "../stage.ts";
import type { TrainingLabelsResult } from "../tasks/training-labels.ts";
import { itemsOf, supervisionOf, type TrainingItem, type TrainingSelection } from "./training-data.ts";
import type { PictureLabels } from "./training-picture.ts";

export interface TrainingData {
  readonly items: readonly TrainingItem[];
  readonly supervision: PixelSupervision;
  /** Known pixels of each class in all of them. */
  readonly pixels: readonly number[];
  /** Ids without a pixel that is known: they are left out. */
  readonly unlabeled: readonly string[];
  readonly failures: readonly Failure[];
  /** Digest of all that is learned from. */
  readonly fingerprint: string;
}

/** Change when what is found of a label would. */
const LABELS_VERSION = 1;

/**
 * Checks every label, so that nothing is wrong with the hundredth step's.
 *
 * @throws MaskwrightError as `readTrainingLabels`; BAD_FORMAT when no pixel of any photo is known, or none is of a class
 */
export async function checkTrainingData(
  { photos, labels, confidence, training }: TrainingSelection,
  { reading, classCount }: Pick<PictureLabels, "reading" | "classCount">,
  run: RunDirectory,
  context: WorkContext,
): Promise<TrainingData> {
  const itemOf = itemsOf({ photos, labels, confidence }, { reading, classCount });
  const { finished, failures } = await runStage(labelsStage("labels", training, itemOf), run, context);
  const pixels = Array.from({ length: classCount }, () => 0);
  const known = new Set<string>();
  for (const { id, result } of knownOf(finished)) {
    known.add(id);
    for (const [classId, count] of result.pixels.entries()) pixels[classId] += count;
  }
  checkPixels(pixels, labels.folder, failures);
  return {
    supervision: supervisionOf({ labels, confidence }),
    items: Array.from(known, itemOf),
    pixels,
    unlabeled: finished.ids.filter((id) => !known.has(id)),
    failures,
    fingerprint: fingerprintOf(knownOf(finished)),
  };
}

/** Those with a pixel that is known. */
function* knownOf(finished: FinishedItems<TrainingLabelsResult>): Generator<Finished<TrainingLabelsResult>> {
  for (const item of finished) if (item.result.pixels.some((count) => count > 0)) yield item;
}

/**
 * Checks the truth of every validation photo likewise. A bad one stops the run in any case: without it figures would not be comparable.
 *
 * @param truths  file of each
 * @throws MaskwrightError as `readTrainingLabels`
 */
export async function checkTruths(
  { photos, validation }: Pick<TrainingSelection, "photos" | "validation">,
  truths: ReadonlyMap<string, string>,
  reading: Pick<PictureLabels, "reading" | "classCount">,
  run: RunDirectory,
  context: WorkContext,
): Promise<void> {
  if (validation.length === 0) return;
  const itemOf = (id: string): TrainingItem => ({
    ...{ id, photo: fileOf(photos, id), labels: fileOf(truths, id), confidence: null },
    ...reading,
  });
  await runStage(labelsStage("truth", validation, itemOf), run, { ...context, keepGoing: false });
}

function labelsStage(
  name: string,
  ids: readonly string[],
  itemOf: (id: string) => TrainingItem,
): Stage<"training-labels"> {
  const { reading, classCount } = itemOf(ids[0]);
  const stage = stageKey({ name, version: LABELS_VERSION, options: { reading, classCount } });
  return {
    name,
    worker: "training-labels",
    ids,
    task: (id, knownKey) => ({ ...itemOf(id), stage, knownKey }),
  };
}

function checkPixels(pixels: readonly number[], folder: string, failures: readonly Failure[]): void {
  if (pixels.some((count, id) => count > 0 && id !== BACKGROUND)) return;
  if (failures.length > 0) throw badFormat(folder, "labels that can be read", failures[0].message);
  const got = pixels[BACKGROUND] > 0 ? "nothing but the background" : "none that is known";
  throw badFormat(folder, "pixels of some class", got, "255 is where nothing is known");
}
