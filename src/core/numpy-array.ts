import { elementCount, type NdArray } from "./array.ts";
import { badFormat } from "./error.ts";
import { denseStrides, toRowMajor } from "./strided.ts";

export interface NumpyLayout {
  /** NumPy's description of an element, e.g. "<f4": byte order, kind, bytes. */
  readonly descr: string;
  readonly shape: readonly number[];
  readonly fortranOrder: boolean;
}

const itemTypes = "b1 u1 i1 u2 i2 u4 i4 u8 i8 f2 f4 f8";

/**
 * The array in NumPy's raw bytes, row-major and in our dtypes: int8, int16 and uint16 become int32; uint32 and
 * uint64 become int64. Bytes are copied.
 *
 * @throws MaskwrightError BAD_FORMAT for another element type, a byte count that is not shape × size, a boolean
 *         that is not 0 or 1, or a uint64 of 2^63 or more
 */
export function numpyArray(bytes: Uint8Array, layout: NumpyLayout, where: string): NdArray {
  const { descr, shape, fortranOrder } = layout;
  const size = itemSize(descr, where);
  const count = elementCount(shape);
  if (bytes.length !== count * size) {
    throw badFormat(where, `${count * size} bytes for ${descr} [${shape}]`, `${bytes.length} bytes`);
  }
  // Not slice(): of a Node Buffer that is no copy.
  const raw = new Uint8Array(bytes);
  if (descr.startsWith(">")) swapBytes(raw, size);
  const array = toArray(raw, descr.slice(1), shape, where);
  if (!fortranOrder || shape.length < 2) return array;
  return { ...array, data: toRowMajor(array.data, shape, denseStrides(shape, "column-major")) };
}

/** Bytes of an element. @throws MaskwrightError BAD_FORMAT for what is not a plain number or boolean */
export function itemSize(descr: string, where: string): number {
  if (/^[<>|=]/.test(descr) && itemTypes.split(" ").includes(descr.slice(1))) return Number(descr[2]);
  const hint = "Save it as float32: np.save(path, array.astype(np.float32)).";
  throw badFormat(where, `elements of ${itemTypes}`, JSON.stringify(descr), hint);
}

function swapBytes(bytes: Uint8Array, size: number): void {
  if (size > 1) for (let p = 0; p < bytes.length; p += size) bytes.subarray(p, p + size).reverse();
}

function toArray({ buffer }: Uint8Array, type: string, shape: readonly number[], where: string): NdArray {
  switch (type) {
    case "f4":
      return { dtype: "float32", shape, data: new Float32Array(buffer) };
    case "f8":
      return { dtype: "float64", shape, data: new Float64Array(buffer) };
    case "f2":
      return { dtype: "float16", shape, data: new Uint16Array(buffer) };
    case "u1":
      return { dtype: "uint8", shape, data: new Uint8Array(buffer) };
    case "i4":
      return { dtype: "int32", shape, data: new Int32Array(buffer) };
    case "i8":
      return { dtype: "int64", shape, data: new BigInt64Array(buffer) };
    case "i1":
      return { dtype: "int32", shape, data: Int32Array.from(new Int8Array(buffer)) };
    case "i2":
      return { dtype: "int32", shape, data: Int32Array.from(new Int16Array(buffer)) };
    case "u2":
      return { dtype: "int32", shape, data: Int32Array.from(new Uint16Array(buffer)) };
    case "u4":
      return { dtype: "int64", shape, data: BigInt64Array.from(new Uint32Array(buffer), BigInt) };
    case "u8": {
      const data = new BigInt64Array(buffer);
      if (data.some((value) => value < 0n)) throw badFormat(where, "values below 2^63", "larger ones");
      return { dtype: "int64", shape, data };
    }
    default: {
      const data = new Uint8Array(buffer);
      if (data.some((value) => value > 1)) throw badFormat(where, "booleans of 0 and 1", "other bytes");
      return { dtype: "bool", shape, data };
    }
  }
}
