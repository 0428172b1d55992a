import { invalid } from "../../core/error.ts";
import type { Box, Size } from "../../core/geometry.ts";
import type { AxisWeights } from "../../core/resample.ts";
import { type Rle, rleArea, rleBox } from "../../core/rle.ts";
import { buildRle } from "../../core/rle-builder.ts";
import { MASK_THRESHOLD, stabilityThresholds, upscaleWeights } from "./postprocess.ts";
import type { SamFrame } from "./prompt.ts";

/** A mask as its runs, and what is asked of it. */
export interface MaskRuns {
  readonly rle: Rle;
  readonly area: number;
  readonly box: Box | null;
  /** As `stabilityOf`, in float32; NaN when the mask is empty at both thresholds. */
  readonly stability: number;
}

export interface MaskRunsOptions {
  /** How far the thresholds of stability are from the mask's; default 1. */
  readonly stabilityOffset?: number;
  /** Where the picture lies in a larger one, to which the mask then belongs. */
  readonly crop?: { readonly x0: number; readonly y0: number; readonly size: Size };
}

/**
 * Makes masks of low-resolution logits, of many prompts on one picture: pixel for pixel what `upscaleLogits` and `thresholdLogits` give,
 * and what `stabilityOf` finds, but in one pass over the picture's columns, which never lie in memory, so that runs come out as COCO has them.
 *
 * Interpolated logits stay between those they are made of, unless bicubically. Where all of these lie on one side of all thresholds, nothing
 * is interpolated.
 *
 * @param low  size of the logits
 * @returns    a function of logits [low.height, low.width]; it uses memory of its own again and again
 */
export function createMaskEncoder(
  frame: SamFrame,
  low: Size,
  options: MaskRunsOptions = {},
): (logits: Float32Array) => MaskRuns {
  const { stabilityOffset = 1, crop = { x0: 0, y0: 0, size: frame.original } } = options;
  if (!(stabilityOffset >= 0))
    throw invalid("createMaskEncoder: stabilityOffset", "a number >= 0", stabilityOffset);
  const { rows, columns } = upscaleWeights(frame, low);
  const { height, width } = frame.original;
  const ranges = rangesBetween(rows, low.height);
  const { strict, loose } = stabilityThresholds(stabilityOffset);
  const staysBetween = [rows, columns].every(({ weights }) => weights.every((weight) => weight >= 0));
  const sides = new Int8Array(low.height);
  const certain = new Int32Array(3 * (low.height + 1)); // first row, row after the last, side
  const column = new Float32Array(low.height);

  /** Where the picture's rows in some columns are certain, from top to bottom; the number of entries of `certain`. */
  const findCertain = (logits: Float32Array, first: number, count: number): number => {
    if (!staysBetween) return 0;
    // Bicubic weights below 0 take what they make out of the range of what it is made of.
    if (frame.upscaling !== undefined) return 0;
    for (let r = 0, p = first; r < low.height; r++, p += low.width) {
      let side = sideOf(logits[p], strict, loose);
      for (let c = 1; c < count && side !== 0; c++)
        if (sideOf(logits[p + c], strict, loose) !== side) side = 0;
      sides[r] = side;
    }
    let n = 0;
    for (let r = 0; r < low.height; ) {
      const start = r;
      const side = sides[r];
      while (r < low.height && sides[r] === side) r++;
      if (side === 0 || ranges.from[start] >= ranges.to[r]) continue;
      certain[n++] = ranges.from[start];
      certain[n++] = ranges.to[r];
      certain[n++] = side;
    }
    return n;
  };

  return (logits) => {
    const runs = buildRle(crop.size);
    let inner = 0;
    let outer = 0;
    let known = 0;
    for (let j = 0; j < width; j++) {
      const first = columns.starts[j];
      const count = columns.counts[j];
      if (j === 0 || first !== columns.starts[j - 1] || count !== columns.counts[j - 1])
        known = findCertain(logits, first, count);
      const top = (crop.x0 + j) * crop.size.height + crop.y0;
      let filled = 0; // rows of `column` that hold this column
      for (let k = 0, i = 0; k <= known; k += 3) {
        const end = k < known ? certain[k] : height;
        if (i < end) {
          const last = rows.starts[end - 1] + rows.counts[end - 1];
          filled = Math.max(filled, rows.starts[i]);
          for (let p = filled * low.width + first; filled < last; filled++, p += low.width) {
            let sum = 0;
            for (let c = 0; c < count; c++) sum += columns.weights[j * columns.taps + c] * logits[p + c];
            column[filled] = sum;
          }
          for (; i < end; i++) {
            const start = rows.starts[i];
            const taps = rows.counts[i];
            let sum = 0;
            for (let w = 0; w < taps; w++) sum += rows.weights[i * rows.taps + w] * column[start + w];
            const logit = Math.fround(sum);
            if (!(logit > loose)) continue;
            outer++;
            if (logit > strict) inner++;
            if (logit > MASK_THRESHOLD) runs.add(top + i, top + i + 1);
          }
        }
        if (k === known) break;
        i = certain[k + 1];
        if (certain[k + 2] < 0) continue;
        inner += i - end;
        outer += i - end;
        runs.add(top + end, top + i);
      }
    }
    const rle = runs.finish();
    return { rle, area: rleArea(rle), box: rleBox(rle), stability: Math.fround(inner / outer) };
  };
}

/** 1 above both thresholds, −1 above none, 0 between them and for NaN. */
function sideOf(logit: number, strict: number, loose: number): -1 | 0 | 1 {
  if (logit > strict) return 1;
  return logit <= loose ? -1 : 0;
}

/** Outputs of an axis that are made of inputs from `first` (inclusive) to `last` alone: those from `from[first]` to before `to[last]`. */
function rangesBetween(
  { starts, counts }: AxisWeights,
  length: number,
): { readonly from: Int32Array; readonly to: Int32Array } {
  const from = new Int32Array(length + 1);
  const to = new Int32Array(length + 1);
  for (let r = 0, i = 0; r <= length; r++) {
    while (i < starts.length && starts[i] < r) i++;
    from[r] = i;
  }
  for (let r = 0, i = 0; r <= length; r++) {
    while (i < starts.length && starts[i] + counts[i] <= r) i++;
    to[r] = i;
  }
  return { from, to };
}
