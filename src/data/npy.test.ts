import { readdirSync, readFileSync } from "node:fs";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { halfToFloat32 } from "../core/half.ts";
import { readNpy, readNpyOrObject } from "./npy.ts";
import { readNpz } from "./npz.ts";

const folder = new URL("../../fixtures/arrays/", import.meta.url);
const fixture = (name: string): Uint8Array => readFileSync(new URL(name, folder));
const expected = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8")) as Record<
  string,
  { shape: number[]; values: string[] }
>;

/** A .npy file with this header and this much data. */
function npy(header: string, dataLength = 0, version = 1): Uint8Array {
  const bytes = new Uint8Array(10 + header.length + dataLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  return bytes;
}
const header = (descr: string, shape: string): string =>
  `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;

describe("readNpy", () => {
  it.each(Object.keys(expected))("reads %s as NumPy does", (name) => {
    const { dtype, shape, data } = readNpy(fixture(name), name);
    const numbers = dtype === "float16" ? halfToFloat32(data as Uint16Array) : data;
    expect(shape).toEqual(expected[name].shape);
    const toValue = (text: string): number | bigint =>
      dtype === "int64" ? BigInt(text) : dtype === "bool" ? Number(text === "True") : Number(text);
    expect([...numbers]).toEqual(expected[name].values.map(toValue));
  });

  it("has the dtypes that hold NumPy's", () => {
    const dtypes = "b1 u1 i1 u2 i2 u4 i4 u8 i8 f2 f4 f8"
      .split(" ")
      .map((type) => readNpy(fixture(`${type}.npy`), type).dtype);
    expect(dtypes.join(" ")).toBe(
      "bool uint8 int32 int32 int32 int64 int32 int64 int64 float16 float32 float64",
    );
  });

  it("takes the header's entries in any order", () => {
    expect(readNpy(npy("{'shape': (1,), 'fortran_order': False, 'descr': '|u1'}\n", 1), "x").shape).toEqual([
      1,
    ]);
  });

  it.each<[what: string, bytes: Uint8Array, message: string]>([
    ["nothing", new Uint8Array(0), "a.npy: expected a .npy file, got other bytes"],
    ["another file", Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), "expected a .npy file"],
    ["format 4", npy(header("<f4", "(0,)"), 0, 4), "expected npy format 1 to 3, got 4.0"],
    ["a cut header", npy(header("<f4", "(0,)")).subarray(0, 30), "more bytes at byte 10"],
    [
      "a huge header",
      Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, 255, 255, 255, 255),
      "expected a header of at most 10000 bytes",
    ],
    ["a header that is none", npy("hello"), "a.npy: header: expected descr, fortran_order and shape"],
    [
      "code in the header",
      npy("{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,)}"),
      "header: expected descr",
    ],
    ["an entry twice", npy("{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}", 4), "header: expected descr"],
    ["no shape", npy("{'descr': '<f4', 'fortran_order': False}", 4), "header: expected descr"],
    [
      "a shape of text",
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': 'x'}", 4),
      "header: expected descr",
    ],
    ["a huge length", npy(header("<f4", "(99999999999999999999,)")), "header: expected descr"],
    ["a record", fixture("record.npy"), "header: expected descr"],
    [
      "complex numbers",
      fixture("complex.npy"),
      'expected elements of b1 u1 i1 u2 i2 u4 i4 u8 i8 f2 f4 f8, got "<c8"',
    ],
    ["text", fixture("text.npy"), 'got "<U1"'],
    ["cut data", fixture("f4.npy").subarray(0, -1), "expected 24 bytes of data for <f4 [2,3], got 23 bytes"],
    ["data left over", npy(header("|u1", "(2,)"), 3), "expected 2 bytes of data for |u1 [2], got 3 bytes"],
    ["terabytes", npy(header("<f8", "(1000000, 1000000)")), "expected 8000000000000 bytes of data"],
    ["a boolean of 9", npy(header("|b1", "(1,)"), 1).fill(9, -1), "expected booleans of 0 and 1"],
    ["2^64 - 1", npy(header("<u8", "(1,)"), 8).fill(255, -8), "expected values below 2^63"],
    [
      "Python objects",
      fixture("cam-irn.npy"),
      "expected an array of numbers, got an array of Python objects",
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readNpy(bytes, "a.npy")).toThrow(message);
  });

  it("runs no code", () => {
    // The name of os.system as Python writes it on Linux.
    expect(() => readNpyOrObject(fixture("evil.npy"), "evil.npy")).toThrow('got the name "posix.system"');
  });

  it("knows every fixture", () => {
    for (const name of readdirSync(folder)) expect(name).toMatch(/\.(npy|npz|pkl|json)$/);
  });
});

describe("readNpz", () => {
  it("reads stored and deflated arrays", () => {
    const stored = readNpz(fixture("cam-stored.npz"), "x");
    expect([...stored.keys()]).toEqual(["keys", "cam"]);
    expect(stored.get("cam")?.shape).toEqual([2, 2, 3]);
    const deflated = readNpz(fixture("cam-deflated.npz"), "x");
    expect(deflated.get("14")?.data).toEqual(Float32Array.of(10, 11, 12, 13, 14, 15));
  });

  it.each<[what: string, bytes: Uint8Array, message: string]>([
    ["another file", Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0), "a.npz: expected a .npz file, got "],
    ["a cut archive", fixture("cam-stored.npz").subarray(0, 300), "a.npz: expected a .npz file, got "],
    [
      "an entry that is no array",
      zipSync({ "a.npy": new Uint8Array(3) }),
      "a.npz: a.npy: expected a .npy file",
    ],
    [
      "a thousand and one entries",
      zipSync(
        Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`${i}.npy`, fixture("vector.npy")])),
      ),
      "a.npz: expected at most 1000 arrays, got more",
    ],
    ["a bomb", bomb(), "a.npz: expected at most 1073741824 bytes of arrays, got more"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readNpz(bytes, "a.npz")).toThrow(message);
  });
});

/** An archive whose directory claims 4 GB for its one entry. */
function bomb(): Uint8Array {
  const bytes = zipSync({ "a.npy": fixture("f4.npy") });
  const directory = Buffer.from(bytes).indexOf("PK\x01\x02", 0, "latin1");
  bytes.set([0xfe, 0xff, 0xff, 0xff], directory + 24);
  return bytes;
}
