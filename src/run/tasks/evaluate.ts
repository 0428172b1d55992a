import {
  addBoundaryCounts,
  type BoundaryCounts,
  countBoundaries,
  emptyBoundaryCounts,
} from "../../core/boundary-metric.ts";
import { MaskwrightError, shapeMismatch } from "../../core/error.ts";
import { formatSize, isSameSize } from "../../core/geometry.ts";
import { addConfusion, confusion, emptyConfusion, scores } from "../../core/metrics.ts";
import { packError, type RemoteError } from "../../core/remote-error.ts";
import { type RunningScores, runningScores } from "../../core/running-metric.ts";
import { readLabelMap } from "../../data/label-file.ts";
import { readFileBytes } from "../../data/paths.ts";
import { decodeLabels } from "../decode-labels.ts";
import type { CamReading } from "../label-input.ts";

/** A batch of pictures to score: one message to a worker costs as much as a small picture. */
export interface EvaluateTask {
  readonly items: readonly EvaluateItem[];
  readonly classCount: number;
  /** Used where `pred` is a CAM file. */
  readonly cams: CamReading;
  /** Whether a CAM whose file does not say how large its picture is has the truth's size, whatever its grid. */
  readonly stretched: boolean;
  /** Give the published running figures of each picture as well. */
  readonly running: boolean;
  /** Compare boundaries as well: costs some twenty times the rest. */
  readonly boundary: boolean;
}

export interface EvaluateItem {
  readonly id: string;
  readonly pred: string;
  readonly truth: string;
}

export interface EvaluatedItem {
  readonly id: string;
  /** mIoU of this picture alone; null when it has no scored pixel. */
  readonly miou: number | null;
  readonly running: RunningScores | null;
}

export interface EvaluateResult {
  /** [N, N+1] summed over the batch. */
  readonly counts: Float64Array;
  /** Summed over the batch, when asked for. */
  readonly boundaries: BoundaryCounts | null;
  readonly items: readonly EvaluatedItem[];
  readonly failures: readonly { readonly id: string; readonly error: RemoteError }[];
}

/** Scores a batch; a picture that cannot be scored is reported beside the others. */
export async function evaluateItems(task: EvaluateTask): Promise<EvaluateResult> {
  const { items, classCount, cams, stretched, running, boundary } = task;
  const total = emptyConfusion(classCount);
  const boundaries = boundary ? emptyBoundaryCounts(classCount) : null;
  const done: EvaluatedItem[] = [];
  const failures: { id: string; error: RemoteError }[] = [];
  for (const { id, pred, truth } of items) {
    try {
      const expected = readLabelMap(truth);
      const size = stretched ? expected : undefined;
      const predicted = await decodeLabels(readFileBytes(pred), pred, cams, size);
      if (!isSameSize(predicted, expected)) {
        throw shapeMismatch(pred, `${formatSize(expected)} like ${truth}`, formatSize(predicted));
      }
      const counts = confusion(predicted, expected, classCount);
      addConfusion(total, counts);
      if (boundaries !== null)
        addBoundaryCounts(boundaries, countBoundaries(predicted, expected, classCount));
      done.push({
        id,
        miou: scores(counts).miou,
        running: running ? runningScores(predicted, expected) : null,
      });
    } catch (error) {
      if (!(error instanceof MaskwrightError)) throw error;
      failures.push({ id, error: packError(error) });
    }
  }
  return { counts: total.counts, boundaries, items: done, failures };
}
