import { describe, expect, it } from "vitest";
import type { NdArray } from "./array.ts";
import { MaskwrightError } from "./error.ts";
import { readSafetensors, readSafetensorsHeader, writeSafetensors } from "./safetensors.ts";

const f32 = (shape: number[], ...values: number[]): NdArray => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

/** A file with this header text and this much data. */
function file(header: string, dataLength = 0): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (dtype: string, shape: number[], begin: number, end: number): string =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

describe("safetensors", () => {
  it("gives back what was written, every dtype", () => {
    const tensors = new Map<string, NdArray>([
      ["mask", { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) }],
      ["bytes", { dtype: "uint8", shape: [1, 3], data: Uint8Array.of(1, 2, 255) }],
      ["half", { dtype: "float16", shape: [1], data: Uint16Array.of(0x3c00) }],
      ["scalar", f32([], 2.5)],
      ["matrix", f32([2, 3], 1, 2, 3, 4, 5, 6)],
      ["ints", { dtype: "int32", shape: [2], data: Int32Array.of(-1, 7) }],
      ["longs", { dtype: "int64", shape: [1], data: BigInt64Array.of(-(2n ** 62n)) }],
      ["doubles", { dtype: "float64", shape: [1], data: Float64Array.of(Math.PI) }],
      ["empty", f32([0, 4])],
    ]);
    const bytes = writeSafetensors(tensors, { made: "here" });
    const back = readSafetensors(bytes);
    for (const [name, tensor] of tensors) expect(back.get(name)).toEqual(tensor);
    expect(back.size).toBe(tensors.size);
    expect(readSafetensorsHeader(bytes).metadata).toEqual(new Map([["made", "here"]]));
    expect(writeSafetensors(new Map([...tensors].reverse()), { made: "here" })).toEqual(bytes);
  });

  it("holds no tensor at all", () => {
    expect(readSafetensors(writeSafetensors(new Map())).size).toBe(0);
  });

  it("reads bfloat16 as float32 and copies what is not aligned", () => {
    const bytes = file(`{"a":${entry("U8", [1], 0, 1)},"b":${entry("BF16", [2], 1, 5)}}`, 5);
    bytes.set([9, 0x80, 0x3f, 0x20, 0xc0], bytes.length - 5);
    const back = readSafetensors(bytes);
    expect(back.get("b")).toEqual(f32([2], 1, -2.5));
    const shifted = new Uint8Array(bytes.length + 1).subarray(1);
    shifted.set(bytes);
    expect(readSafetensors(shifted)).toEqual(back);
    // A Buffer's slice() is no copy.
    expect(readSafetensors(Buffer.from(shifted.buffer, 1))).toEqual(back);
  });

  it("keeps names that a JavaScript object would trip over", () => {
    const bytes = file(`{"__proto__":${entry("U8", [1], 0, 1)},"a\\"}:":${entry("U8", [1], 1, 2)}}`, 2);
    expect([...readSafetensors(bytes).keys()]).toEqual(["__proto__", 'a"}:']);
  });

  it("reads metadata of 20 MB, quotes and backslashes among it", () => {
    const metadata = { text: `${'\\\\"'.repeat(4_000_000)}x` };
    const bytes = writeSafetensors(new Map([["a", f32([1], 1)]]), metadata);
    expect(readSafetensorsHeader(bytes).metadata.get("text") === metadata.text).toBe(true);
  });

  it.each<[what: string, bytes: Uint8Array, message: string]>([
    ["an empty file", new Uint8Array(0), "expected a safetensors file, got 0 bytes"],
    [
      "a header beyond the file",
      file("{}").subarray(0, 9),
      "expected a header within the file's 9 bytes, got a header of 2 bytes",
    ],
    [
      "a header of 2^63 bytes",
      Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128, 123),
      "got a header of 9223372036854775808 bytes",
    ],
    ["no JSON", file("{oops"), "header: expected JSON"],
    ["bad UTF-8", file('{"?":1}').map((byte) => (byte === 63 ? 0xff : byte)), "header: expected JSON"],
    ["a list", file("[]"), "header: expected a JSON object, got []"],
    [
      "a name twice",
      file(`{"a":${entry("U8", [0], 0, 0)},"\\u0061":${entry("U8", [0], 0, 0)}}`),
      'expected each name once, got "a" twice',
    ],
    [
      "a name twice, the colon far away",
      file(`{"a"${" ".repeat(200)}:${entry("U8", [0], 0, 0)},"a":${entry("U8", [0], 0, 0)}}`),
      'expected each name once, got "a" twice',
    ],
    [
      "an unknown dtype",
      file(`{"a":${entry("F8_E4M3", [1], 0, 1)}}`, 1),
      'tensor "a": expected a dtype of F64, I64, F32, I32, F16, BF16, U8, BOOL, got "F8_E4M3"',
    ],
    ["no entry", file(`{"a":null}`), "got none"],
    [
      "a negative length",
      file(`{"a":${entry("U8", [-1], 0, 0)}}`),
      "expected a shape of whole numbers, got [-1]",
    ],
    ["a huge shape", file(`{"a":${entry("F32", [2 ** 40, 2 ** 40], 0, 0)}}`), "got 0 bytes"],
    [
      "a reversed range",
      file(`{"a":${entry("U8", [1], 1, 0)}}`, 1),
      "expected data_offsets [begin, end], got [1,0]",
    ],
    [
      "a wrong length",
      file(`{"a":${entry("F32", [2, 3], 0, 20)}}`, 20),
      "expected 24 bytes for F32 [2,3], got 20 bytes",
    ],
    ["data beyond the file", file(`{"a":${entry("U8", [9], 0, 9)}}`, 3), "as its header says"],
    ["bytes left over", file(`{"a":${entry("U8", [1], 0, 1)}}`, 3), "as its header says"],
    ["a gap", file(`{"a":${entry("U8", [1], 0, 1)},"b":${entry("U8", [1], 2, 3)}}`, 3), "got a gap: byte"],
    [
      "an overlap",
      file(`{"a":${entry("U8", [2], 0, 2)},"b":${entry("U8", [2], 1, 3)}}`, 3),
      "got an overlap: byte",
    ],
    ["metadata of numbers", file('{"__metadata__":{"a":1}}'), "__metadata__: expected an object of strings"],
    [
      "a boolean of 2",
      file(`{"a":${entry("BOOL", [1], 0, 1)}}`, 1).fill(2, -1),
      "expected booleans of 0 and 1",
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes, "x.safetensors")).toThrow(MaskwrightError);
    expect(() => readSafetensors(bytes, "x.safetensors")).toThrow(message);
  });

  it("refuses to write data that does not fill its shape", () => {
    expect(() => writeSafetensors(new Map([["a", f32([2], 1)]]))).toThrow(
      '"a" data: expected 2 elements, got 1',
    );
  });
});
