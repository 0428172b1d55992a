import type { PictureMatches } from "../core/average-precision.ts";
import { formatCount } from "../core/count.ts";
import { MaskwrightError } from "../core/error.ts";
import { addConfusion, type Confusion, emptyConfusion } from "../core/metrics.ts";
import { unpackError } from "../core/remote-error.ts";
import type { RowScores } from "../core/row-metric.ts";
import { type CocoImage, imagesById } from "../data/coco.ts";
import type { PartDataset } from "../data/part-dataset.ts";
import { inLanes } from "./lanes.ts";
import type { PartPredictionSource, PredictedParts } from "./parts/predicted-parts.ts";
import { type Failure, isBadImage, type WorkContext } from "./stage.ts";
import type { EvaluatePartsResult, PartsItem } from "./tasks/evaluate-parts.ts";

export interface EvaluatePartsRequest {
  readonly pred: PartPredictionSource;
  readonly truth: PartDataset;
  /** Where the truth was read from, for messages. */
  readonly path: string;
  readonly ids: readonly string[];
  /** Score as the published code does, so many pictures at a time, and not as a data set; null does not. */
  readonly originalBatch: number | null;
}

export interface PartEvaluation {
  readonly images: number;
  /** Summed over all pictures that could be scored. */
  readonly confusion: Confusion;
  /** Of each picture, in order; null when instances are not known apart. */
  readonly matches: readonly PictureMatches[] | null;
  /** The published figures of each class of each picture, in order, when they were asked for. */
  readonly rows: readonly RowScores[];
  readonly failures: readonly Failure[];
}

/** Pictures a worker scores before it answers. */
const BATCH = 16;

/**
 * Scores predicted parts against ground truth.
 *
 * @throws MaskwrightError the first picture's error, unless the context says to keep going
 */
export async function evaluatePartPredictions(
  request: EvaluatePartsRequest,
  { pool, progress, signal, keepGoing }: WorkContext,
): Promise<PartEvaluation> {
  const { pred, truth, path, ids, originalBatch } = request;
  const classCount = truth.classes.length;
  const images = imagesById(truth.dataset, path);
  const failures = new Map<string, Failure>();

  const fail = (id: string, error: Error): void => {
    if (!keepGoing || !isBadImage(error)) throw error;
    failures.set(id, { id, message: error.message });
    progress.warn(error.message);
    progress.advance(id);
  };
  const itemOf = (id: string): PartsItem[] => {
    const image = images.get(id);
    const predicted = image === undefined ? null : predictedParts(pred, image);
    if (image !== undefined && predicted !== null) {
      const { height, width, instances } = image;
      return [{ id, height, width, truth: instances, source: pred.path, ...predicted }];
    }
    const where = image === undefined ? path : pred.path;
    const hint = "--ids FILE chooses the images to score.";
    fail(id, new MaskwrightError("NOT_FOUND", `${where}: expected the parts of ${id}, got none`, { hint }));
    return [];
  };
  const batch = originalBatch ?? BATCH;
  const results: EvaluatePartsResult[] = [];
  const scoreBatch = async (start: number): Promise<void> => {
    const items = ids.slice(start, start + batch).flatMap(itemOf);
    const { classIds } = truth;
    const original = originalBatch !== null;
    const result = await pool.run("evaluate-parts", { items, classCount, classIds, original });
    results[start / batch] = result;
    for (const id of result.ids) progress.advance(id);
    for (const { id, error } of result.failures) fail(id, unpackError(error));
  };

  const starts = Array.from({ length: Math.ceil(ids.length / batch) }, (_, b) => b * batch);
  progress.begin("evaluate", ids.length);
  try {
    await inLanes(starts, pool.size * 2, scoreBatch, signal);
  } finally {
    progress.end();
  }
  const done = results.flatMap((result) => result.ids);
  if (signal.aborted)
    throw new MaskwrightError(
      "ABORTED",
      `evaluate-parts: stopped after ${done.length} of ${formatCount(ids.length, "image")}`,
    );
  const confusion = emptyConfusion(classCount);
  for (const { counts } of results) addConfusion(confusion, { classCount, counts });
  const areKnown = done.every((id) => pred.partsOf(id)?.found !== null);
  return {
    images: done.length,
    confusion,
    matches: areKnown ? results.flatMap(({ matches }) => matches) : null,
    rows: results.flatMap(({ rows }) => rows),
    failures: ids.flatMap((id) => failures.get(id) ?? []),
  };
}

/** What was found in a picture. Predictions may pass over a picture without parts, as a file of boxes does; null where they lack another. */
function predictedParts(
  pred: PartPredictionSource,
  { id, height, width, instances }: CocoImage,
): PredictedParts | null {
  const nothing = { found: { height, width, masks: [] }, map: null };
  return pred.partsOf(id) ?? (instances.length === 0 ? nothing : null);
}
