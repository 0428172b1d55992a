import type { NdArray } from "../../core/array.ts";

/** How the channels of embeddings are spread over cells. */
export interface FeatureSpread {
  /** [C] */
  readonly mean: Float64Array;
  /** [C, C] */
  readonly covariance: Float64Array;
}

/** Cells that are looked at of a picture: neighbors say nearly the same. */
const CELLS = 256;

/**
 * The mean and the covariance of the channels, over about 256 cells of each embedding, evenly spread.
 *
 * @param embeddings  [1, C, g, g] each, at least one
 */
export async function measureFeatures(
  embeddings: AsyncIterable<NdArray<"float32">> | Iterable<NdArray<"float32">>,
): Promise<FeatureSpread> {
  let [count, channels] = [0, 0];
  let sums = new Float64Array(0);
  let products = new Float64Array(0);
  for await (const { shape, data } of embeddings) {
    if (channels === 0) {
      channels = shape[1];
      sums = new Float64Array(channels);
      products = new Float64Array(channels * channels);
    }
    const cells = shape[2] * shape[3];
    const step = Math.max(1, Math.floor(cells / CELLS));
    const cell = new Float64Array(channels);
    for (let p = 0; p < cells; p += step, count++) {
      for (let c = 0; c < channels; c++) {
        cell[c] = data[c * cells + p];
        sums[c] += cell[c];
      }
      for (let a = 0, at = 0; a < channels; a++, at += channels)
        for (let b = 0; b <= a; b++) products[at + b] += cell[a] * cell[b];
    }
  }
  const mean = sums.map((sum) => sum / count);
  const covariance = new Float64Array(channels * channels);
  for (let a = 0; a < channels; a++)
    for (let b = 0; b <= a; b++) {
      const value = products[a * channels + b] / count - mean[a] * mean[b];
      covariance[a * channels + b] = value;
      covariance[b * channels + a] = value;
    }
  return { mean, covariance };
}

/** Share of the mean variance that is added to each channel: what hardly varies is not blown up. */
const FLOOR = 0.1;

/**
 * Weights to start from that see embeddings whitened: around 0, with a variance of 1 in every direction. The first convolution's are W·L⁻¹
 * and b − W·L⁻¹·mean, where L·Lᵀ is the covariance; it is the function of before, of other embeddings, but at the border, where zeros are
 * padded. Nothing else changes.
 *
 * Differs from the published start, which leaves this to the training. Embeddings are mostly the same everywhere (five sixths of the mean
 * square of `sam-tiny`'s), and few directions hold most of the rest.
 *
 * @param tensors  of a prompter; not modified
 */
export function whitenNeck(
  tensors: ReadonlyMap<string, NdArray<"float32">>,
  { mean, covariance }: FeatureSpread,
): Map<string, NdArray<"float32">> {
  const channels = mean.length;
  const lower = factorize(covariance, channels);
  const { shape, data } = tensors.get("conv_layers.0.weight") as NdArray<"float32">;
  const area = shape[2] * shape[3];
  const weight = new Float32Array(data.length);
  const bias = (tensors.get("conv_layers.0.bias") as NdArray<"float32">).data.slice();
  const row = new Float64Array(channels);
  for (let o = 0; o < shape[0]; o++) {
    for (let k = 0; k < area; k++) {
      const at = o * channels * area + k;
      // x·L = w, from the last channel on.
      for (let c = channels - 1; c >= 0; c--) {
        let rest = data[at + c * area];
        for (let later = c + 1; later < channels; later++) rest -= row[later] * lower[later * channels + c];
        row[c] = rest / lower[c * channels + c];
        weight[at + c * area] = row[c];
        bias[o] -= row[c] * mean[c];
      }
    }
  }
  return new Map([
    ...tensors,
    ["conv_layers.0.weight", { dtype: "float32", shape, data: weight }],
    ["conv_layers.0.bias", { dtype: "float32", shape: [bias.length], data: bias }],
  ]);
}

/** The lower triangle L with L·Lᵀ = covariance + floor (Cholesky). */
function factorize(covariance: Float64Array, n: number): Float64Array {
  let trace = 0;
  for (let c = 0; c < n; c++) trace += covariance[c * n + c];
  // Embeddings that are the same everywhere stay as they are.
  const floor = trace > 0 ? (FLOOR * trace) / n : 1;
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = covariance[i * n + j] + (i === j ? floor : 0);
      for (let k = 0; k < j; k++) rest -= lower[i * n + k] * lower[j * n + k];
      lower[i * n + j] = i === j ? Math.sqrt(rest) : rest / lower[j * n + j];
    }
  }
  return lower;
}
