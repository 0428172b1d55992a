import { join } from "node:path";
import { addBoundaryCounts, type BoundaryCounts, emptyBoundaryCounts } from "../core/boundary-metric.ts";
import { formatCount } from "../core/count.ts";
import { MaskwrightError } from "../core/error.ts";
import { addConfusion, type Confusion, emptyConfusion } from "../core/metrics.ts";
import { unpackError } from "../core/remote-error.ts";
import { type CamReading, fileOf, type LabelInput, openLabels } from "./label-input.ts";
import { inLanes } from "./lanes.ts";
import { type Failure, isBadImage, type WorkContext } from "./stage.ts";
import type { EvaluatedItem } from "./tasks/evaluate.ts";

export interface EvaluateRequest {
  readonly pred: LabelInput;
  readonly cams: CamReading;
  /** See `EvaluateTask`. @default false */
  readonly stretched?: boolean;
  /** Folder of ground-truth label maps. */
  readonly truth: string;
  readonly ids: readonly string[];
  readonly classCount: number;
  readonly running: boolean;
  readonly boundary: boolean;
}

export interface Evaluation {
  /** Summed over all pictures that could be scored. */
  readonly confusion: Confusion;
  /** Boundary pixels found and missed, when asked for. */
  readonly boundaries: BoundaryCounts | null;
  /** In the order of the ids. */
  readonly items: readonly EvaluatedItem[];
  readonly failures: readonly Failure[];
}

/** Pictures a worker scores before it answers. */
const BATCH = 16;

/**
 * Scores label maps against ground truth: one confusion matrix for the data set, and each picture's own mIoU.
 *
 * @throws MaskwrightError the first picture's error, unless the context says to keep going
 */
export async function evaluateLabels(request: EvaluateRequest, context: WorkContext): Promise<Evaluation> {
  const { pred, truth, ids, classCount, running, boundary, cams, stretched = false } = request;
  const { pool, progress, signal, keepGoing } = context;
  const truths = openLabels(truth).files;
  const total = emptyConfusion(classCount);
  const boundaries = boundary ? emptyBoundaryCounts(classCount) : null;
  const items = new Map<string, EvaluatedItem>();
  const failures = new Map<string, Failure>();

  const fail = (id: string, error: Error): void => {
    if (!keepGoing || !isBadImage(error)) throw error;
    failures.set(id, { id, message: error.message });
    progress.warn(error.message);
    progress.advance(id);
  };
  const scoreBatch = async (batch: readonly string[]): Promise<void> => {
    const pairs = batch.flatMap((id) => {
      const file = truths.get(id);
      if (file !== undefined) return { id, pred: fileOf(pred.files, id), truth: file };
      const text = `${join(truth, `${id}.png`)}: expected the ground truth of ${id}, got nothing there`;
      fail(id, new MaskwrightError("NOT_FOUND", text, { hint: "--ids FILE chooses the images to score." }));
      return [];
    });
    const result = await pool.run("evaluate", {
      items: pairs,
      classCount,
      running,
      boundary,
      cams,
      stretched,
    });
    addConfusion(total, { classCount, counts: result.counts });
    if (boundaries !== null && result.boundaries !== null) addBoundaryCounts(boundaries, result.boundaries);
    for (const item of result.items) {
      items.set(item.id, item);
      progress.advance(item.id);
    }
    for (const { id, error } of result.failures) fail(id, unpackError(error));
  };

  const batches = Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, b) =>
    ids.slice(b * BATCH, (b + 1) * BATCH),
  );
  progress.begin("evaluate", ids.length);
  try {
    await inLanes(batches, pool.size * 2, scoreBatch, signal);
  } finally {
    progress.end();
  }
  if (signal.aborted)
    throw new MaskwrightError(
      "ABORTED",
      `evaluate: stopped after ${items.size} of ${formatCount(ids.length, "image")}`,
    );
  return {
    confusion: total,
    boundaries,
    items: ids.flatMap((id) => items.get(id) ?? []),
    failures: ids.flatMap((id) => failures.get(id) ?? []),
  };
}
