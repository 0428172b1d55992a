import { elementCount } from "./array.ts";

type Elements = Uint8Array | Uint16Array | Int32Array | Float32Array | Float64Array | BigInt64Array;

/**
 * The elements of a strided array in row-major order: element (i, j, …) lies at `offset` + i·strides[0] + j·strides[1] + …
 * The caller has checked that they all lie inside `data`.
 */
export function toRowMajor<T extends Elements>(
  data: T,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): T {
  const count = elementCount(shape);
  const result = new (data.constructor as new (length: number) => T)(count);
  const last = shape.length - 1;
  const rowLength = last < 0 ? 1 : shape[last];
  const rowStride = last < 0 ? 0 : strides[last];
  const index = new Array<number>(Math.max(last, 0)).fill(0);
  let at = offset;
  for (let p = 0; p < count; p += rowLength) {
    for (let k = 0; k < rowLength; k++) result[p + k] = data[at + k * rowStride];
    // The next row: count up the outer indices like an odometer.
    for (let axis = last - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= shape[axis] * strides[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/** Strides of a dense array: of the last axis 1 in row-major order, of the first axis 1 in column-major (Fortran) order. */
export function denseStrides(shape: readonly number[], order: "row-major" | "column-major"): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let k = 0; k < shape.length; k++) {
    const axis = order === "row-major" ? shape.length - 1 - k : k;
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}
