import { type AdamKernel, createAdamKernel } from "./adam-kernel.ts";

/** Kernels by the memory they reach. */
const kernels = new WeakMap<ArrayBufferLike, AdamKernel>();

/**
 * Arrays of one length, zero at first, side by side in memory where Adam's loop runs on vectors; in memory of their own where there are none.
 */
export function allocateFlat(length: number, count: number): Float32Array<ArrayBuffer>[] {
  // Vectors of 16 bytes need no alignment, but are faster with it.
  const stride = Math.ceil(length / 4) * 16;
  const created = createAdamKernel(stride * count);
  if (created !== null) kernels.set(created.buffer, created.kernel);
  return Array.from({ length: count }, (_, i) =>
    created === null ? new Float32Array(length) : new Float32Array(created.buffer, i * stride, length),
  );
}

/** The kernel that reaches all of the arrays, or null. */
export function kernelOf(...arrays: readonly Float32Array[]): AdamKernel | null {
  const { buffer } = arrays[0];
  return arrays.every((array) => array.buffer === buffer) ? (kernels.get(buffer) ?? null) : null;
}
