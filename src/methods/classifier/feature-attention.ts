import type { NdArray } from "../../core/array.ts";

/**
 * How much each position of a picture resembles each other one, in place of the attention that a convolutional network does not have: the softmax
 * over j of sharpness · cos(xᵢ, xⱼ). Every row sums to 1, and `affinityFromAttention` takes it.
 *
 * Ours: the published affinities are learned (AffinityNet) or a transformer's attention (CLIP-ES).
 *
 * @param features  [F, h, w]
 * @returns         [N, N], N = h·w
 */
export function attentionFromFeatures(
  { shape: [size, height, width], data }: NdArray<"float32">,
  { sharpness = 10 }: { readonly sharpness?: number } = {},
): NdArray<"float32"> {
  const count = height * width;
  const vectors = unitVectors(data, size, count);
  const attention = new Float32Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let product = 0;
      for (let f = 0, a = i * size, b = j * size; f < size; f++) product += vectors[a + f] * vectors[b + f];
      const likeness = Math.exp(sharpness * (product - 1));
      attention[i * count + j] = likeness;
      attention[j * count + i] = likeness;
    }
  }
  for (let i = 0; i < count; i++) {
    const row = attention.subarray(i * count, (i + 1) * count);
    let sum = 0;
    for (const likeness of row) sum += likeness;
    for (let j = 0; j < count; j++) row[j] /= sum;
  }
  return { dtype: "float32", shape: [count, count], data: attention };
}

/** The vector of each position, [N, F], of length 1; one of zeros stays so. */
function unitVectors(data: Float32Array, size: number, count: number): Float32Array {
  const vectors = new Float32Array(data.length);
  for (let q = 0; q < count; q++) {
    let square = 0;
    for (let f = 0; f < size; f++) square += data[f * count + q] ** 2;
    const factor = square > 0 ? 1 / Math.sqrt(square) : 0;
    for (let f = 0; f < size; f++) vectors[q * size + f] = data[f * count + q] * factor;
  }
  return vectors;
}
