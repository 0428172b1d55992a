import type { NdArray } from "../../core/array.ts";
import { badFormat, shapeMismatch } from "../../core/error.ts";
import { halfToFloat32 } from "../../core/half.ts";
import { formatShape, type StoredTensor } from "../../engine/index.ts";

/** Tensors of one shape, one below the other, as float32. */
export function joinRows(parts: readonly StoredTensor[], where: string): StoredTensor {
  const [{ shape: first }] = parts;
  for (const { shape } of parts)
    if (formatShape(shape) !== formatShape(first))
      throw shapeMismatch(`${where}: queries, keys and values`, formatShape(first), formatShape(shape));
  const shape = [parts.length * first[0], ...first.slice(1)];
  return derived(shape, () => {
    const arrays = parts.map((part) => readFloats(part, where));
    const data = new Float32Array(arrays.length * arrays[0].length);
    arrays.forEach((array, k) => {
      data.set(array, k * array.length);
    });
    return data;
  });
}

/** A matrix with its axes exchanged, as float32. */
export function transposeStored(matrix: StoredTensor, where: string): StoredTensor {
  const [rows, columns] = matrix.shape;
  if (matrix.shape.length !== 2) throw shapeMismatch(where, "a matrix", formatShape(matrix.shape));
  return derived([columns, rows], () => {
    const values = readFloats(matrix, where);
    const data = new Float32Array(values.length);
    for (let i = 0, at = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) data[j * rows + i] = values[at++];
    return data;
  });
}

function derived(shape: readonly number[], make: () => Float32Array): StoredTensor {
  const read = (): NdArray<"float32"> => ({ dtype: "float32", shape, data: make() });
  return { dtype: "float32", shape, range: null, read };
}

/** The values as float32. @throws MaskwrightError BAD_FORMAT for anything but float32 and float16 */
export function readFloats(tensor: StoredTensor, where: string): Float32Array {
  const { dtype, data } = tensor.read();
  if (dtype === "float32") return data as Float32Array;
  if (dtype === "float16") return halfToFloat32(data as Uint16Array);
  throw badFormat(where, "float32 or float16 weights", dtype);
}
