import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readArrayPickle } from "./pickle-arrays.ts";
import { isShape } from "./pickle-numpy.ts";

const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../../fixtures/arrays/${name}`, import.meta.url));

describe("readArrayPickle", () => {
  it.each([2, 4, 5])("reads arrays, scalars and tensors of protocol %i", (protocol) => {
    const high = Float32Array.of(0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15);
    expect(readArrayPickle(fixture(`arrays-${protocol}.pkl`), "x")).toEqual([
      { dtype: "float32", shape: [2, 2, 3], data: high },
      1.5,
      { dtype: "float32", shape: [2, 2, 3], data: high },
      { dtype: "int64", shape: [2, 3], data: BigInt64Array.of(0n, 1n, 2n, 3n, 4n, 5n) },
    ]);
  });

  it("refuses bytes after the pickle", () => {
    const bytes = fixture("arrays-5.pkl");
    expect(() => readArrayPickle(Buffer.concat([bytes, bytes]), "x")).toThrow("x: expected the end at byte");
  });

  it("refuses a shape whose element count is no number", () => {
    // 25 lengths of 2^52 multiply to infinity, and that times 0 is NaN: compared with nothing, it would pass every limit.
    const shape = [...new Array<number>(25).fill(2 ** 52), 0];
    expect(isShape([0, 3])).toBe(true);
    expect(isShape(shape)).toBe(false);
    expect(isShape([2 ** 52, 2 ** 52])).toBe(false);
  });

  it("refuses one array made again and again", () => {
    // The bytes of a uint8 array of 1,000 are kept in the memo; each turn makes an array of them.
    const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
    const start = "(cnumpy.core.numeric\n_frombuffer\nq\x00cnumpy\ndtype\n(U\x02u1tRq\x01";
    const data = `B\xe8\x03\0\0${"\x05".repeat(1000)}q\x02`;
    const again = "h\x00(h\x02h\x01(M\xe8\x03tU\x01CtR";
    expect(readArrayPickle(latin1(`${start}${data}${again.repeat(3)}l.`), "x")).toHaveLength(6);
    expect(() => readArrayPickle(latin1(`${start}${data}${again.repeat(50)}l.`), "x")).toThrow(
      /expected arrays of at most \d+ bytes/,
    );
  });
});
