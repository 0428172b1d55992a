import { elementCount, type NdArray } from "../../../core/array.ts";

/** Numbers that a formula gives: `weights_spec.json` of a golden set has one for each tensor. */
export interface Formula {
  readonly shape: readonly number[];
  readonly seed: number;
  readonly scale: number;
  readonly offset: number;
  /** The first values and the sum of all, for checking. */
  readonly first4?: readonly number[];
  readonly sum?: number;
}

/** The tensor of a formula: a hash of each element's index, between −scale and scale around the offset. */
export function formulaTensor({ shape, seed, scale, offset }: Formula): NdArray<"float32"> {
  const data = new Float32Array(elementCount(shape));
  for (let i = 0; i < data.length; i++) {
    let x = (Math.imul(i, 0x9e3779b1) + seed) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    x ^= x >>> 16;
    data[i] = (((x >>> 0) / 2 ** 32) * 2 - 1) * scale + offset;
  }
  return { dtype: "float32", shape, data };
}

/** [1, C, H, W] averaged over 5×5 pixels, zeros outside, times 4. */
export function smoothed({ shape, data }: NdArray<"float32">): NdArray<"float32"> {
  const [, channels, height, width] = shape;
  const result = new Float32Array(data.length);
  const sums = new Float64Array(data.length);
  const plane = height * width;
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        const at = c * plane + i * width + j;
        for (let v = Math.max(0, j - 2); v <= Math.min(width - 1, j + 2); v++) sums[at] += data[at - j + v];
      }
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        const at = c * plane + i * width + j;
        let sum = 0;
        for (let u = Math.max(0, i - 2); u <= Math.min(height - 1, i + 2); u++)
          sum += sums[at + (u - i) * width];
        result[at] = Math.fround(sum / 25) * 4;
      }
  return { dtype: "float32", shape, data: result };
}
