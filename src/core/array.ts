export type Dtype = "float32" | "float64" | "float16" | "uint8" | "int32" | "int64" | "bool";

/** The typed array behind a dtype. float16 is kept as raw bits; bool is one byte, 0 or 1. */
export type DataOf<D extends Dtype> = D extends "float32"
  ? Float32Array
  : D extends "float64"
    ? Float64Array
    : D extends "float16"
      ? Uint16Array
      : D extends "int32"
        ? Int32Array
        : D extends "int64"
          ? BigInt64Array
          : Uint8Array;

/** Dense row-major array; data.length = product(shape). Read-only once returned. */
export interface NdArray<D extends Dtype = Dtype> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DataOf<D>;
}

/** Elements of a shape: 1 for the empty shape (a scalar). */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const length of shape) count *= length;
  return count;
}
