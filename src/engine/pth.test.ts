import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { MaskwrightError } from "../core/error.ts";
import { halfToFloat32 } from "../core/half.ts";
import { byteSource } from "./byte-source.ts";
import type { StoredTensor } from "./stored-tensor.ts";
import { openWeights } from "./weight-file.ts";

interface Expected {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly string[];
}

const folder = new URL("../../fixtures/torch/", import.meta.url);
const fixture = (name: string): Uint8Array => readFileSync(new URL(name, folder));
const open = (name: string): ReadonlyMap<string, StoredTensor> =>
  openWeights(byteSource(fixture(name)), name).tensors;
const expected: Record<string, Record<string, Expected>> = JSON.parse(
  new TextDecoder().decode(fixture("expected.json")),
);

/** What PyTorch's dtypes are read as where it is not by the same name. */
const readAs: Record<string, string> = { bfloat16: "float32", int8: "int32", int16: "int32" };

function valuesOf({ dtype, data }: NdArray): (number | bigint | boolean)[] {
  if (dtype === "float16") return [...halfToFloat32(data as Uint16Array)];
  return dtype === "bool" ? [...(data as Uint8Array)].map((value) => value === 1) : [...data];
}

/** A number as Python wrote it, all digits. */
function parse(text: string, dtype: string): number | bigint | boolean {
  if (dtype === "int64") return BigInt(text);
  return dtype === "bool" ? text === "True" : Number(text);
}

describe("readPth", () => {
  it.each(Object.keys(expected))("reads %s as PyTorch does", (name) => {
    const tensors = open(name);
    // A TorchScript archive may have more: attributes that are no parameters.
    expect([...tensors.keys()].sort()).toEqual(Object.keys(expected[name]).sort());
    for (const [key, { dtype, shape, values }] of Object.entries(expected[name])) {
      const stored = tensors.get(key) as StoredTensor;
      const tensor = stored.read();
      expect([key, tensor.dtype, tensor.shape]).toEqual([key, readAs[dtype] ?? dtype, shape]);
      expect([stored.dtype, stored.shape]).toEqual([tensor.dtype, tensor.shape]);
      expect([key, valuesOf(tensor)]).toEqual([key, values.map((value) => parse(value, dtype))]);
    }
  });

  it.each(["state-dict.pth", "script.pt"])("says where plain dense tensors lie in %s", (name) => {
    const bytes = fixture(name);
    let ranges = 0;
    for (const { range, read } of open(name).values()) {
      if (range === null) continue;
      const { data } = read();
      const same = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      expect([...bytes.subarray(range.begin, range.end)]).toEqual([...same]);
      ranges++;
    }
    expect(ranges).toBeGreaterThan(8);
  });

  it("has no range for what has to be converted or put in order", () => {
    const tensors = open("state-dict.pth");
    for (const name of ["bfloat16", "short", "char", "column", "transposed", "corner", "channels_last"]) {
      expect([name, tensors.get(name)?.range]).toEqual([name, null]);
    }
    for (const name of ["base", "row", "half", "long", "one_wide", "empty"]) {
      expect([name, tensors.get(name)?.range === null]).toEqual([name, false]);
    }
  });

  it("reads the parts it is asked for", () => {
    const bytes = fixture("state-dict.pth");
    const reads: number[] = [];
    const source = byteSource(bytes);
    const counting = {
      size: source.size,
      read(offset: number, length: number) {
        reads.push(length);
        return source.read(offset, length);
      },
    };
    const { tensors } = openWeights(counting, "x");
    reads.length = 0;
    tensors.get("row")?.read();
    tensors.get("corner")?.read();
    // A row of 4; from element 5 to element 10.
    expect(reads).toEqual([16, 24]);
  });

  it.each<[file: string, message: string]>([
    ["evil.pth", 'got the name "posix.system"'],
    ["evil-legacy.pth", 'got the name "posix.system"'],
    ["module.pth", 'got the name "torch.nn.modules.linear.Linear"'],
    ["complex.pth", 'got the name "torch.ComplexFloatStorage"'],
    [
      "expanded.pth",
      "expected a tensor within the 1 elements of storage 0, got shape [1000,1000], strides [0,0]",
    ],
    ["twice.pth", 'expected each tensor once, got "a.b" twice'],
    ["plain.pkl", "expected a safetensors, .pth or .pt file, got bytes 80 02 7d"],
  ])("refuses %s in one line", (name, message) => {
    expect(() => open(name)).toThrow(MaskwrightError);
    expect(() => open(name)).toThrow(message);
    expect(() => open(name)).toThrow(new RegExp(`^${name.replace(".", "\\.")}: [^\n]*$`));
  });

  it.each(readdirSync(folder).filter((name) => /\.pth?$/.test(name)))(
    "refuses %s when it is cut off",
    (name) => {
      const bytes = fixture(name);
      for (let length = 0; length < bytes.length; length += name.startsWith("evil") ? 1 : 50) {
        try {
          openWeights(byteSource(bytes.subarray(0, length)), "cut");
          expect.unreachable(`${length} bytes were read`);
        } catch (error) {
          expect(error).toBeInstanceOf(MaskwrightError);
          expect((error as Error).message).toMatch(/^cut[^\n]*: expected [^\n]*, got [^\n]*$/);
        }
      }
    },
  );

  it.each(["state-dict.pth", "checkpoint-legacy.pth", "script.pt"])(
    "throws nothing else when bytes of %s are others",
    (name) => {
      const good = fixture(name);
      const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
          const bytes = Uint8Array.from(good);
          for (const [at, value] of changes) bytes[at] = value;
          try {
            for (const tensor of openWeights(byteSource(bytes), "x").tensors.values()) tensor.read();
          } catch (error) {
            expect(error).toBeInstanceOf(MaskwrightError);
          }
        }),
        { numRuns: 300 },
      );
    },
  );
});
