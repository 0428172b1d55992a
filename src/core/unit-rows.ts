import type { NdArray } from "./array.ts";

/** A vector of length 1 in the same direction; one of zeros stays so. */
export function unitVector(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length > 0 ? vector.map((value) => value / length) : vector.slice();
}

/**
 * Each row [G, E] as a vector of length 1, as cosines of embeddings need them; a row of zeros stays so.
 *
 * @returns  a new array of the same shape
 */
export function unitRows({ dtype, shape, data }: NdArray<"float32">): NdArray<"float32"> {
  const [count, size] = shape;
  const unit = new Float32Array(data.length);
  for (let g = 0; g < count; g++) unit.set(unitVector(data.subarray(g * size, (g + 1) * size)), g * size);
  return { dtype, shape, data: unit };
}
