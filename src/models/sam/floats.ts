import { elementCount, type NdArray } from "../../core/array.ts";

export type Floats = NdArray<"float32">;

export function floats(shape: readonly number[], data: Float32Array): Floats {
  return { dtype: "float32", shape, data };
}

/** Arrays of one shape along a new first axis. */
export function stack(parts: readonly Float32Array[], shape: readonly number[]): Floats {
  const size = elementCount(shape);
  const data = new Float32Array(parts.length * size);
  parts.forEach((part, k) => {
    data.set(part, k * size);
  });
  return floats([parts.length, ...shape], data);
}

/** Element k of the first axis, without that axis and without a copy. */
export function rowOf({ shape, data }: Floats, k: number): Floats {
  const [, ...row] = shape;
  const size = elementCount(row);
  return floats(row, data.subarray(k * size, (k + 1) * size));
}

/** A copy of some elements of the first axis. */
export function pickRows(array: Floats, chosen: readonly number[]): Floats {
  return stack(
    chosen.map((k) => rowOf(array, k).data),
    array.shape.slice(1),
  );
}
