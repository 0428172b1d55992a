import type { NdArray } from "./array.ts";

/**
 * The values of float16 bits. Every float16, subnormals included, is exact in float32.
 *
 * The bits are read as float32 with the exponent off by 112, which one multiplication repairs.
 */
export function halfToFloat32(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  const words = new Uint32Array(values.buffer);
  const rebias = 2 ** 112;
  for (let p = 0; p < bits.length; p++) {
    const magnitude = (bits[p] & 0x7fff) << 13;
    const sign = (bits[p] & 0x8000) << 16;
    // Infinity and NaN keep an exponent of ones; all else gets its bias back.
    if (magnitude >= 0x7c00 << 13) words[p] = sign | 0x7f800000 | magnitude;
    else {
      words[p] = magnitude;
      values[p] *= sign === 0 ? rebias : -rebias;
    }
  }
  return values;
}

/** The float16 bits nearest to each value, ties to even; above 65504 by half a step or more is infinity. */
export function float32ToHalf(values: Float32Array): Uint16Array {
  const bits = new Uint16Array(values.length);
  const value = new Float32Array(1);
  const word = new Uint32Array(value.buffer);
  for (let p = 0; p < values.length; p++) {
    value[0] = values[p];
    const sign = (word[0] >>> 16) & 0x8000;
    const magnitude = word[0] & 0x7fffffff;
    let half: number;
    if (magnitude > 0x7f800000) {
      half = 0x7e00; // NaN
    } else if (magnitude >= 0x477ff000) {
      half = 0x7c00; // 65520 and above
    } else if (magnitude >= 0x38800000) {
      // Normal: rebias, then round the 13 bits that go, to even.
      half = (magnitude - (112 << 23) + 0x0fff + ((magnitude >>> 13) & 1)) >>> 13;
    } else {
      // Subnormal: next to 0.5 the float32 step is the float16 one, so the addition rounds to even.
      value[0] = Math.abs(value[0]) + 0.5;
      half = word[0] - 0x3f000000;
    }
    bits[p] = sign | half;
  }
  return bits;
}

/** An array in half the bytes, each value rounded as `float32ToHalf` does. */
export function toHalf({ shape, data }: NdArray<"float32">): NdArray<"float16"> {
  return { dtype: "float16", shape, data: float32ToHalf(data) };
}

/** The values of bfloat16 bits, which are the upper half of a float32. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (half) => half << 16).buffer);
}

/** float16 as float32; other arrays as they are. */
export function fromHalf(array: NdArray): NdArray {
  if (array.dtype !== "float16") return array;
  return { dtype: "float32", shape: array.shape, data: halfToFloat32(array.data as Uint16Array) };
}
