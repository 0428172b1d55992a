import type { NdArray } from "../../core/array.ts";

/** Mean and deviation of each feature over the pictures. */
export interface FeatureScaling {
  readonly means: Float64Array;
  /** 1 for a feature that is the same everywhere. */
  readonly deviations: Float64Array;
}

/** @param features  [N, F] */
export function measureScaling({ shape: [count, size], data }: NdArray<"float32">): FeatureScaling {
  const means = new Float64Array(size);
  const squares = new Float64Array(size);
  for (let at = 0; at < data.length; at++) means[at % size] += data[at] / count;
  for (let at = 0; at < data.length; at++) squares[at % size] += (data[at] - means[at % size]) ** 2 / count;
  return { means, deviations: squares.map((square) => (square > 0 ? Math.sqrt(square) : 1)) };
}

/** Features of some pictures, scaled. */
export function scaleFeatures(
  { shape: [, size], data }: NdArray<"float32">,
  rows: readonly number[],
  { means, deviations }: FeatureScaling,
): Float32Array<ArrayBuffer> {
  const scaled = new Float32Array(rows.length * size);
  let at = 0;
  for (const row of rows)
    for (let f = 0; f < size; f++) scaled[at++] = (data[row * size + f] - means[f]) / deviations[f];
  return scaled;
}

/** A linear map of scaled features as one of features as they are. */
export function unscaleLinear(
  weight: Float32Array,
  bias: Float32Array,
  { means, deviations }: FeatureScaling,
): { readonly weight: Float32Array; readonly bias: Float32Array } {
  const size = means.length;
  const plain = weight.map((each, k) => each / deviations[k % size]);
  const shifted = bias.map((each, p) => {
    let shift = 0;
    for (let f = 0; f < size; f++) shift += (weight[p * size + f] / deviations[f]) * means[f];
    return each - shift;
  });
  return { weight: plain, bias: shifted };
}
