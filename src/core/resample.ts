/**
 * Resampling along one axis: every output is a weighted sum of neighboring inputs, so a resize is two
 * such passes and a method is a table of weights.
 */

/** Weights of each output along one axis. */
export interface AxisWeights {
  /** Row length of `weights`; an output may use fewer. */
  readonly taps: number;
  /** First input of each output. */
  readonly starts: Int32Array;
  /** How many inputs each output uses, 1..taps. */
  readonly counts: Int32Array;
  /** [outputs, taps]; the used weights of an output sum to 1. */
  readonly weights: Float64Array;
}

/** A symmetric interpolation kernel: its weight at a distance, and the distance from which that is 0. */
export interface Kernel {
  readonly support: number;
  readonly weight: (distance: number) => number;
}

export const triangle: Kernel = { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) };

/** Keys' cubic convolution kernel; a = −0.5 in Pillow, −0.75 in PyTorch and OpenCV. */
export function cubic(a: number): Kernel {
  const weight = (distance: number): number => {
    const x = Math.abs(distance);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  };
  return { support: 2, weight };
}

/** One input for each output. */
export function pickWeights(sources: Int32Array): AxisWeights {
  const ones = new Int32Array(sources.length).fill(1);
  return { taps: 1, starts: sources, counts: ones, weights: Float64Array.from(ones) };
}

/**
 * Antialiasing weights: when shrinking, the kernel is widened to cover all inputs that fall into an output;
 * beyond the border it is cut off and the rest scaled up.
 *
 * @param scale  inputs an output: float64 in Pillow, rounded to float32 in PyTorch
 * @param first  the output to begin with, where a part of them is wanted: `newLength` from there on
 * @see Pillow, `src/libImaging/Resample.c`, `precompute_coeffs`; PyTorch's `antialias=True` is written after it
 */
export function antialiasWeights(
  length: number,
  newLength: number,
  scale: number,
  kernel: Kernel,
  first = 0,
): AxisWeights {
  const widening = Math.max(scale, 1);
  const support = kernel.support * widening;
  const table = emptyTable(newLength, Math.ceil(support) * 2 + 1);
  for (let i = 0; i < newLength; i++) {
    const center = (first + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(length, Math.trunc(center + support + 0.5));
    const row = table.weights.subarray(i * table.taps, (i + 1) * table.taps);
    let sum = 0;
    for (let j = start; j < end; j++) {
      row[j - start] = kernel.weight((j - center + 0.5) * (1 / widening));
      sum += row[j - start];
    }
    for (let k = 0; k < end - start; k++) row[k] /= sum;
    table.starts[i] = start;
    table.counts[i] = end - start;
  }
  return table;
}

/**
 * Plain interpolation weights: the kernel keeps its width, so shrinking skips inputs; beyond the border the
 * outermost input is repeated.
 *
 * @param scale  inputs an output
 * @see PyTorch, `aten/src/ATen/native/UpSample.h`, `area_pixel_compute_source_index`, align_corners=False
 */
export function pointWeights(length: number, newLength: number, scale: number, kernel: Kernel): AxisWeights {
  const taps = 2 * kernel.support;
  const table = emptyTable(newLength, taps);
  for (let i = 0; i < newLength; i++) {
    const center = scale * (i + 0.5) - 0.5;
    const first = Math.floor(center) - kernel.support + 1;
    const start = clamp(first, length);
    for (let j = first; j < first + taps; j++) {
      table.weights[i * taps + clamp(j, length) - start] += kernel.weight(center - j);
    }
    table.starts[i] = start;
    table.counts[i] = clamp(first + taps - 1, length) - start + 1;
  }
  return table;
}

function emptyTable(length: number, taps: number): AxisWeights {
  return {
    taps,
    starts: new Int32Array(length),
    counts: new Int32Array(length),
    weights: new Float64Array(length * taps),
  };
}

function clamp(index: number, length: number): number {
  return Math.min(Math.max(index, 0), length - 1);
}

/**
 * [outer, length, inner] resampled to [outer, new length, inner]. The sums are float64, the result is float32.
 * Rows of a picture are (H, W, channels), its columns (1, H, W · channels).
 */
export function resampleFloats(
  data: Float32Array,
  outer: number,
  length: number,
  inner: number,
  { taps, starts, counts, weights }: AxisWeights,
): Float32Array {
  const newLength = starts.length;
  const result = new Float32Array(outer * newLength * inner);
  for (let o = 0, at = 0; o < outer; o++) {
    for (let i = 0; i < newLength; i++) {
      const first = i * taps;
      const end = first + counts[i];
      const source = (o * length + starts[i]) * inner;
      if (counts[i] === 2) {
        // Nearly all of a bilinear resize, in half the time of the loop below.
        const [a, b] = [weights[first], weights[first + 1]];
        for (let p = source, last = source + inner; p < last; p++)
          result[at++] = a * data[p] + b * data[p + inner];
        continue;
      }
      for (let c = 0; c < inner; c++) {
        let sum = 0;
        for (let w = first, p = source + c; w < end; w++, p += inner) sum += weights[w] * data[p];
        result[at++] = sum;
      }
    }
  }
  return result;
}
