import { invalid } from "../../core/error.ts";
import type { Size } from "../../core/geometry.ts";
import type { Mask } from "../../core/mask.ts";
import {
  type AxisWeights,
  cubic,
  type Kernel,
  pointWeights,
  resampleFloats,
  triangle,
} from "../../core/resample.ts";
import type { FloatMap } from "../../core/resize.ts";
import type { SamFrame } from "./prompt.ts";
import type { MaskPrediction } from "./sam.ts";

/** A logit above it is inside the mask. */
export const MASK_THRESHOLD = 0;

/**
 * A mask's logits at the size of the picture: low resolution to the encoder's input, cut to the part that holds the picture, then to the
 * picture, both times bilinearly.
 *
 * The two steps are linear, so each axis takes one pass with their product: up to four inputs an output instead of a megapixel in
 * between. Sums are float64, so the last float32 bits differ from the original's. EfficientSAM's take one bicubic step to the
 * picture, SAM 2's one bilinear step.
 *
 * @param index  which of the prediction's masks
 * @see segment-anything, `modeling/sam.py`, `postprocess_masks`
 */
export function upscaleLogits(prediction: MaskPrediction, index: number): FloatMap {
  const { logits, original } = prediction;
  const [count, height, width] = logits.shape;
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw invalid("upscaleLogits: index", `an integer from 0 to ${count - 1}`, index);
  const low = logits.data.subarray(index * height * width, (index + 1) * height * width);
  const { rows, columns } = upscaleWeights(prediction, { height, width });
  const wide = resampleFloats(low, height, width, 1, columns);
  return { ...original, data: resampleFloats(wide, 1, height, original.width, rows) };
}

/** What each row and each column of a picture is made of, in rows and columns of low-resolution logits. */
export interface UpscaleWeights {
  readonly rows: AxisWeights;
  readonly columns: AxisWeights;
}

/** @param low  size of the logits */
export function upscaleWeights({ original, input, upscaling }: SamFrame, low: Size): UpscaleWeights {
  if (upscaling !== undefined) {
    const kernel = upscaling === "bicubic" ? cubic(-0.75) : triangle;
    return {
      rows: interpolation(low.height, original.height, kernel),
      columns: interpolation(low.width, original.width, kernel),
    };
  }
  const side = Math.max(input.height, input.width);
  return {
    rows: twoSteps(low.height, side, input.height, original.height),
    columns: twoSteps(low.width, side, input.width, original.width),
  };
}

/** Logits as a mask. */
export function thresholdLogits({ height, width, data }: FloatMap): Mask {
  return { height, width, data: Uint8Array.from(data, (logit) => (logit > MASK_THRESHOLD ? 1 : 0)) };
}

/** A mask of a prediction at the size of the picture. */
export function predictedMask(prediction: MaskPrediction, index: number): Mask {
  return thresholdLogits(upscaleLogits(prediction, index));
}

/**
 * How little a mask changes with its threshold: the IoU of the masks at +offset and −offset, in float32 as the original. NaN when both are
 * empty.
 *
 * @see segment-anything, `utils/amg.py`, `calculate_stability_score`
 */
export function stabilityOf({ data }: Pick<FloatMap, "data">, offset = 1): number {
  const { strict, loose } = stabilityThresholds(offset);
  let inner = 0;
  let outer = 0;
  for (const logit of data) {
    if (logit > strict) inner++;
    if (logit > loose) outer++;
  }
  return Math.fround(inner / outer);
}

/** PyTorch compares float32 with float32. */
export function stabilityThresholds(offset: number): { readonly strict: number; readonly loose: number } {
  return { strict: Math.fround(MASK_THRESHOLD + offset), loose: Math.fround(MASK_THRESHOLD - offset) };
}

/** Weights of resampling `length` inputs to `side`, and the first `used` of those to `target`. */
function twoSteps(length: number, side: number, used: number, target: number): AxisWeights {
  return compose(interpolation(length, side, triangle), interpolation(used, target, triangle));
}

function interpolation(length: number, newLength: number, kernel: Kernel): AxisWeights {
  // PyTorch rounds the scale to float32.
  return pointWeights(length, newLength, Math.fround(length / newLength), kernel);
}

/** The weights of one pass that does what `first` and then `second` do; `second` may use fewer outputs than `first` has. */
function compose(first: AxisWeights, second: AxisWeights): AxisWeights {
  const length = second.starts.length;
  const starts = new Int32Array(length);
  const counts = new Int32Array(length);
  const lastOf = ({ starts, counts }: AxisWeights, i: number): number => starts[i] + counts[i] - 1;
  for (let i = 0; i < length; i++) {
    starts[i] = first.starts[second.starts[i]];
    counts[i] = lastOf(first, lastOf(second, i)) - starts[i] + 1;
  }
  const taps = counts.reduce((most, count) => Math.max(most, count), 1);
  const weights = new Float64Array(length * taps);
  for (let i = 0; i < length; i++) {
    for (let s = 0; s < second.counts[i]; s++) {
      const middle = second.starts[i] + s;
      const at = i * taps + first.starts[middle] - starts[i];
      for (let f = 0; f < first.counts[middle]; f++)
        weights[at + f] += second.weights[i * second.taps + s] * first.weights[middle * first.taps + f];
    }
  }
  return { taps, starts, counts, weights };
}
