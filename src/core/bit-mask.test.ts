import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyMasks } from "../testing/arbitrary.ts";
import { draw, mask } from "../testing/picture.ts";
import { addRle, type BitMask, countInside, emptyBits, paintBits, rankBits, setRun } from "./bit-mask.ts";
import type { Mask } from "./mask.ts";
import { encodeRle } from "./rle.ts";
import { intersectionArea, unionRles } from "./rle-algebra.ts";

const bitsOf = (drawn: Mask): BitMask => {
  const bits = emptyBits(drawn);
  addRle(bits, encodeRle(drawn));
  return bits;
};
const maskOf = (bits: BitMask): Mask => {
  const data = new Uint8Array(bits.height * bits.width);
  paintBits(data, bits, 1);
  return { height: bits.height, width: bits.width, data };
};

describe("bit masks", () => {
  it.each(["#", ".", "### ###", "... ...", "#.. .##", ".#. ###", "#\n.\n#"])(
    "keep the mask %s",
    (drawing) => {
      expect(draw(maskOf(bitsOf(mask(drawing))))).toBe(draw(mask(drawing)));
    },
  );

  it("store pixels column by column", () => {
    expect([...bitsOf(mask("#.. .##")).words]).toEqual([0b101001]);
  });

  it("set runs within a word, over its end, and over whole words", () => {
    const set = (start: number, end: number): number[] => {
      const words = new Uint32Array(4);
      setRun(words, start, end);
      return [...words];
    };
    expect(set(3, 3)).toEqual([0, 0, 0, 0]);
    expect(set(1, 3)).toEqual([0b110, 0, 0, 0]);
    expect(set(0, 32)).toEqual([0xffffffff, 0, 0, 0]);
    expect(set(31, 33)).toEqual([0x80000000, 1, 0, 0]);
    expect(set(30, 97)).toEqual([0xc0000000, 0xffffffff, 0xffffffff, 1]);
  });

  it("hold a picture whose pixels fill the last word", () => {
    const full: Mask = { height: 8, width: 4, data: new Uint8Array(32).fill(1) };
    expect(maskOf(bitsOf(full))).toEqual(full);
  });

  it("count and unite like run lengths, on any masks", () => {
    fc.assert(
      fc.property(anyMasks(2), ([a, b]) => {
        const bits = bitsOf(a);
        expect(countInside(bits, rankBits(bits), encodeRle(b))).toBe(
          intersectionArea(encodeRle(a), encodeRle(b)),
        );
        addRle(bits, encodeRle(b));
        expect(encodeRle(maskOf(bits))).toEqual(unionRles([encodeRle(a), encodeRle(b)]));
      }),
    );
  });
});
