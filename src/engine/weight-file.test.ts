import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { MaskwrightError } from "../core/error.ts";
import { writeSafetensors } from "../core/safetensors.ts";
import { byteSource } from "./byte-source.ts";
import type { WeightFile } from "./stored-tensor.ts";
import { findTensor, openWeights, renameWeights } from "./weight-file.ts";

const arrays = new Map<string, NdArray>([
  ["net.weight", { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ["net.bias", { dtype: "float16", shape: [1], data: Uint16Array.of(0x3c00) }],
  ["net.count", { dtype: "int64", shape: [], data: BigInt64Array.of(2n ** 62n) }],
  ["head.weight", { dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) }],
]);
const bytes = writeSafetensors(arrays, { made: "here" });
const open = (data: Uint8Array): WeightFile => openWeights(byteSource(data), "w.safetensors");

/** A safetensors file with this header text and this many bytes of data. */
function file(header: string, dataLength: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const result = new Uint8Array(8 + json.length + dataLength);
  new DataView(result.buffer).setBigUint64(0, BigInt(json.length), true);
  result.set(json, 8);
  return result;
}

describe("openWeights", () => {
  it("reads safetensors tensor by tensor", () => {
    const { tensors, metadata } = open(bytes);
    expect(new Map([...tensors].map(([name, tensor]) => [name, tensor.read()]))).toEqual(
      new Map([...tensors.keys()].map((name) => [name, arrays.get(name)])),
    );
    expect(tensors.size).toBe(4);
    expect(metadata).toEqual(new Map([["made", "here"]]));
    for (const [name, { dtype, shape, range }] of tensors) {
      const array = arrays.get(name) as NdArray;
      expect([dtype, shape]).toEqual([array.dtype, array.shape]);
      const raw = new Uint8Array(array.data.buffer);
      expect(bytes.subarray(range?.begin, range?.end)).toEqual(raw);
    }
  });

  it("converts bfloat16, and gives no range for it or for what is not aligned", () => {
    const header = `{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`;
    for (const padding of ["", " "]) {
      const data = file(header + padding, 6);
      data.set([0x20, 0xc0, 0, 0, 0x80, 0x3f], data.length - 6);
      const { tensors } = open(data);
      expect(tensors.get("a")?.dtype).toBe("float32");
      expect(tensors.get("a")?.read().data[0]).toBe(-2.5);
      expect(tensors.get("a")?.range).toBeNull();
      expect(tensors.get("b")?.read().data[0]).toBe(1);
      const { begin } = tensors.get("b")?.range ?? { begin: 0 };
      expect(begin % 4).toBe(0);
    }
  });

  it("does not take a safetensors file for a zip file because of its header's length", () => {
    // 0x04034b50 bytes of header: the file begins with "PK\x03\x04".
    const length = 0x04034b50;
    const data = new Uint8Array(8 + length).fill(0x20);
    new DataView(data.buffer).setBigUint64(0, BigInt(length), true);
    data.set(new TextEncoder().encode("{}"), 8);
    expect(open(data).tensors.size).toBe(0);
  });

  it.each<[what: string, data: Uint8Array, message: string]>([
    [
      "an empty file",
      new Uint8Array(0),
      "w.safetensors: expected a safetensors, .pth or .pt file, got an empty file",
    ],
    [
      "a picture",
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0),
      "got bytes 89 50 4e 47 0d 0a 1a 0a",
    ],
    [
      "a header of 2 GB",
      file("{}", 100).fill(0x80, 3, 4),
      "expected a header within the file's 110 bytes, got a header of 2147483650 bytes",
    ],
    [
      "overlapping tensors",
      file(
        `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`,
        12,
      ),
      'tensor "b": expected data at byte 124, got an overlap: byte 120',
    ],
    ["a cut-off tensor", bytes.subarray(0, -1), `expected ${bytes.length} bytes, as its header says`],
  ])("refuses %s", (_, data, message) => {
    expect(() => open(data)).toThrow(MaskwrightError);
    expect(() => open(data)).toThrow(message);
    expect(() => open(data)).toThrow(/^[^\n]*$/);
  });

  it("knows a Git LFS pointer", () => {
    const pointer = new TextEncoder().encode(
      "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
    );
    try {
      open(pointer);
      expect.unreachable();
    } catch (error) {
      expect((error as MaskwrightError).hint).toContain("git lfs pull");
    }
  });
});

describe("findTensor", () => {
  it("names what is missing, and some that are there", () => {
    expect(findTensor(open(bytes), "net.bias").shape).toEqual([1]);
    try {
      findTensor(open(bytes), "net.biases");
      expect.unreachable();
    } catch (error) {
      const { code, message, hint } = error as MaskwrightError;
      expect(code).toBe("NOT_FOUND");
      expect(message).toBe('w.safetensors: expected a tensor "net.biases", got none');
      expect(hint).toBe('it has 4 tensors, such as "net.count", "net.weight", "net.bias"');
    }
  });
});

describe("renameWeights", () => {
  it("applies each rule to what the ones before it left", () => {
    const renamed = renameWeights(open(bytes), [
      { match: /^head\./, to: null },
      { match: /^net\./, to: "" },
      { match: /^(weight|bias)$/, to: "linear.$1" },
    ]);
    expect([...renamed.tensors.keys()]).toEqual(["count", "linear.weight", "linear.bias"]);
    expect(renamed.tensors.get("linear.weight")?.read()).toEqual(arrays.get("net.weight"));
    expect(renamed.metadata.get("made")).toBe("here");
  });

  it("refuses to give two tensors one name", () => {
    expect(() => renameWeights(open(bytes), [{ match: /^\w+\./, to: "" }])).toThrow(
      'w.safetensors: renamed tensors: expected each name once, got "weight"',
    );
  });
});
