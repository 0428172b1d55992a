import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyMask } from "../testing/arbitrary.ts";
import { mask } from "../testing/picture.ts";
import { encodeRle } from "./rle.ts";
import { decodeRleString, encodeRleString } from "./rle-string.ts";

const anyRle = anyMask().map(encodeRle);

describe("encodeRleString", () => {
  it.each([
    [[1], "1"],
    [[0, 1], "01"],
    [[15], "?"], // the last number that fits one group with its sign
    [[16], "`0"], // 16 = 10000b: bit 4 is the sign, so a second group follows
    [[1, 3, 1, 1], "131N"], // the fourth is written as 1 − 3 = −2 = …11110b
    [[3500], "\\]3"], // 3500 = 3·1024 + 13·32 + 12
    [[0, 100_000_000], "0PXh[o2"],
  ])("writes %j as %s", (counts, text) => {
    const rle = {
      height: counts.reduce((sum, count) => sum + count),
      width: 1,
      counts: Uint32Array.from(counts),
    };
    expect(encodeRleString(rle)).toBe(text);
    expect(decodeRleString(text, rle)).toEqual(rle);
  });

  it("goes there and back for any mask", () => {
    fc.assert(
      fc.property(anyRle, (rle) => {
        expect(decodeRleString(encodeRleString(rle), rle)).toEqual(rle);
      }),
    );
  });

  it("goes there and back for any run lengths, longer than the kept buffers too", () => {
    const anyCounts = fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 1, maxLength: 90 });
    fc.assert(
      fc.property(anyCounts, (counts) => {
        const height = Math.max(
          1,
          counts.reduce((sum, count) => sum + count),
        );
        const filled = Uint32Array.from([...counts, height - counts.reduce((sum, count) => sum + count)]);
        const rle = { height, width: 1, counts: filled };
        expect(decodeRleString(encodeRleString(rle), rle)).toEqual(rle);
      }),
    );
    const data = Uint8Array.from({ length: 400 * 301 }, (_, p) => p % 2);
    const checker = encodeRle({ height: 400, width: 301, data });
    expect(decodeRleString(encodeRleString(checker), checker)).toEqual(checker);
  });
});

describe("decodeRleString", () => {
  const size = { height: 2, width: 3 };

  it.each([
    ["7", "a.json: counts: expected a sum of 6 (2×3), got 7"],
    ["", "a.json: counts: expected a sum of 6 (2×3), got 0"],
    [
      "1 4",
      'a.json: counts: expected characters from "0" to "o" (compressed COCO run lengths), got " " at offset 1',
    ],
    ["1p", /got "p" at offset 1/],
    ["6\u{1F600}", /at offset 1/],
    ["1/", /got "\/" at offset 1/],
    ["15P", "a.json: counts: expected a complete number at the end, got a cut one"],
    ["PPPPPP0", "a.json: counts: expected numbers of at most 6 characters, got a longer one before offset 6"],
    ["7O", "a.json: counts[1]: expected a run length >= 0, got -1"],
    ["131L", "a.json: counts[3]: expected a run length >= 0, got -1"],
  ])("refuses %j", (text, message) => {
    expect(() => decodeRleString(text, size, "a.json")).toThrow(
      expect.objectContaining({ code: "BAD_FORMAT" }),
    );
    expect(() => decodeRleString(text, size, "a.json")).toThrow(message);
  });

  it("refuses a size over the limit before anything else", () => {
    expect(() => decodeRleString("P".repeat(100), { height: 60_000, width: 60_000 })).toThrow(
      /at most 100000000 pixels, got 60000×60000/,
    );
  });

  it("either fills the picture or refuses, whatever the text", () => {
    const anyText = fc.string({ unit: fc.constantFrom(..."0123NOPQo`~ 6_") });
    fc.assert(
      fc.property(anyText, (text) => {
        try {
          const { counts } = decodeRleString(text, size);
          expect(counts.reduce((sum, count) => sum + count)).toBe(6);
        } catch (error) {
          expect(error).toMatchObject({ code: "BAD_FORMAT" });
        }
      }),
    );
  });

  it("does not share its buffer between results", () => {
    const first = decodeRleString("131N", size);
    decodeRleString("06", size);
    expect(first).toEqual(encodeRle(mask(".#. ###")));
  });
});
