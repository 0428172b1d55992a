import type { Dtype } from "../core/array.ts";
import { float32ToHalf } from "../core/half.ts";
import type { Numbers } from "./graph.ts";

/** TensorProto.DataType */
export const ONNX_DTYPES: Readonly<Record<Dtype, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};

/** The numbers as little-endian bytes of the dtype; a view, not a copy, when they are held as that already. */
export function constantBytes(data: Numbers, dtype: Dtype): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = typedArray(data, dtype);
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

function typedArray(data: Numbers, dtype: Dtype): ArrayBufferView {
  const numbers = data as ArrayLike<number>;
  switch (dtype) {
    case "float32":
      return data instanceof Float32Array ? data : Float32Array.from(numbers);
    case "float64":
      return data instanceof Float64Array ? data : Float64Array.from(numbers);
    case "float16":
      return data instanceof Uint16Array ? data : float32ToHalf(Float32Array.from(numbers));
    case "int32":
      return data instanceof Int32Array ? data : Int32Array.from(numbers);
    case "int64":
      return data instanceof BigInt64Array
        ? data
        : BigInt64Array.from(Array.from(numbers, (value) => BigInt(value)));
    case "uint8":
    case "bool":
      return data instanceof Uint8Array ? data : Uint8Array.from(numbers);
  }
}
