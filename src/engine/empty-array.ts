import { type Dtype, elementCount, type NdArray } from "../core/array.ts";

/** An array of zeros of a type that training graphs have. */
export function emptyArray(dtype: Dtype, shape: readonly number[]): NdArray {
  const count = elementCount(shape);
  switch (dtype) {
    case "float32":
      return { dtype, shape, data: new Float32Array(count) };
    case "int64":
      return { dtype, shape, data: new BigInt64Array(count) };
    case "int32":
      return { dtype, shape, data: new Int32Array(count) };
    case "bool":
    case "uint8":
      return { dtype, shape, data: new Uint8Array(count) };
    default:
      throw new Error(`no ${dtype} in a training graph`);
  }
}
