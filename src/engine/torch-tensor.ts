import { type Dtype, elementCount, type NdArray } from "../core/array.ts";
import { bfloat16ToFloat32 } from "../core/half.ts";
import { numpyArray } from "../core/numpy-array.ts";
import { denseStrides, toRowMajor } from "../core/strided.ts";
import type { ByteSource } from "./byte-source.ts";
import type { StoredTensor } from "./stored-tensor.ts";
import type { TorchStorage, TorchTensor } from "./torch-pickle.ts";

/** What elements are read as; `isPlain` when the file's bytes are ours. */
const elementTypes: Readonly<Record<string, { readonly dtype: Dtype; readonly isPlain: boolean }>> = {
  f4: { dtype: "float32", isPlain: true },
  f8: { dtype: "float64", isPlain: true },
  f2: { dtype: "float16", isPlain: true },
  bf2: { dtype: "float32", isPlain: false },
  i8: { dtype: "int64", isPlain: true },
  i4: { dtype: "int32", isPlain: true },
  i2: { dtype: "int32", isPlain: false },
  i1: { dtype: "int32", isPlain: false },
  u1: { dtype: "uint8", isPlain: true },
  b1: { dtype: "bool", isPlain: true },
};

/** Bytes of one element of a storage. */
export function torchItemSize({ type }: TorchStorage): number {
  return Number(type.at(-1));
}

/**
 * A tensor of a file whose storage begins at byte `storageAt`: int8 and int16 become int32, bfloat16 becomes float32, exactly.
 * Only the part of the storage that it spans is read; a view with gaps or in another order is made dense.
 */
export function storedTensor(
  source: ByteSource,
  { storage, offset, shape, strides }: TorchTensor,
  storageAt: number,
  where: string,
): StoredTensor {
  const { dtype, isPlain } = elementTypes[storage.type];
  const size = torchItemSize(storage);
  const count = elementCount(shape);
  const rowMajor = denseStrides(shape, "row-major");
  const isDense =
    count === 0 || shape.every((length, axis) => length === 1 || strides[axis] === rowMajor[axis]);
  const span = isDense ? count : shape.reduce((last, length, axis) => last + (length - 1) * strides[axis], 1);
  const begin = storageAt + (count === 0 ? 0 : offset * size);
  return {
    dtype,
    shape,
    range: isPlain && isDense && begin % size === 0 ? { begin, end: begin + count * size } : null,
    read() {
      const { data } = decode(source.read(begin, span * size), storage.type, span, where);
      // The dtype was decided with the type of the elements.
      return {
        dtype,
        shape,
        data: isDense ? data : toRowMajor(data as Uint8Array, shape, strides),
      } as NdArray;
    },
  };
}

function decode(raw: Uint8Array, type: string, count: number, where: string): NdArray {
  if (type !== "bf2")
    return numpyArray(raw, { descr: `<${type}`, shape: [count], fortranOrder: false }, where);
  const bits = new Uint16Array(new Uint8Array(raw).buffer);
  return { dtype: "float32", shape: [count], data: bfloat16ToFloat32(bits) };
}
