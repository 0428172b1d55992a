import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyMasks } from "../testing/arbitrary.ts";
import { draw, mask } from "../testing/picture.ts";
import { decodeRle, encodeRle, type Rle } from "./rle.ts";
import { intersectionArea, intersectRles, subtractRle, unionRles } from "./rle-algebra.ts";

const of = (drawing: string): Rle => encodeRle(mask(drawing));
const drawn = (rle: Rle): string => draw(decodeRle(rle));

const a = of("##. ##.");
const b = of(".## .#.");
const empty = of("... ...");
const full = of("### ###");

describe("unionRles, intersectRles and subtractRle", () => {
  it("combine pixel by pixel", () => {
    expect(drawn(unionRles([a, b]))).toBe("### ##.");
    expect(drawn(intersectRles([a, b]))).toBe(".#. .#.");
    expect(drawn(subtractRle(a, b))).toBe("#.. #..");
  });

  it("keep the rules of empty and full masks", () => {
    expect(unionRles([a, empty])).toEqual(a);
    expect(unionRles([a, full])).toEqual(full);
    expect(intersectRles([a, empty])).toEqual(empty);
    expect(intersectRles([a, full])).toEqual(a);
    expect(subtractRle(a, a)).toEqual(empty);
    expect(subtractRle(full, empty)).toEqual(full);
  });

  it("take one mask, and any number", () => {
    expect(unionRles([a])).toEqual(a);
    expect(drawn(unionRles([of("#..."), of(".#.."), of("..#.")]))).toBe("###.");
    expect(drawn(intersectRles([of("###."), of(".###"), of("####"), of("##.#"), of(".#..")]))).toBe(".#..");
  });

  it("take empty runs for nothing and write none", () => {
    const padded = { height: 2, width: 3, counts: Uint32Array.of(0, 0, 0, 2, 0, 2, 2, 0) };
    expect(unionRles([padded, empty])).toEqual(a);
    expect(intersectRles([padded, b])).toEqual(intersectRles([a, b]));
    expect(intersectionArea(padded, b)).toBe(2);
  });

  it("agree with pixel loops on any masks", () => {
    fc.assert(
      fc.property(anyMasks(3), (masks) => {
        const [x, y, z] = masks;
        const rles = masks.map(encodeRle);
        const byPixel = (rule: (p: number) => number): Rle =>
          encodeRle({ ...x, data: x.data.map((_, p) => rule(p)) });
        expect(unionRles(rles)).toEqual(byPixel((p) => x.data[p] | y.data[p] | z.data[p]));
        expect(intersectRles(rles)).toEqual(byPixel((p) => x.data[p] & y.data[p] & z.data[p]));
        expect(subtractRle(rles[0], rles[1])).toEqual(byPixel((p) => x.data[p] & (1 - y.data[p])));
        expect(intersectionArea(rles[0], rles[1])).toBe(
          x.data.reduce((sum, value, p) => sum + (value & y.data[p]), 0),
        );
      }),
    );
  });

  it("follow De Morgan", () => {
    fc.assert(
      fc.property(anyMasks(2), (masks) => {
        const [x, y] = masks.map(encodeRle);
        const all = encodeRle({ ...masks[0], data: masks[0].data.map(() => 1) });
        const not = (rle: Rle): Rle => subtractRle(all, rle);
        expect(not(unionRles([x, y]))).toEqual(intersectRles([not(x), not(y)]));
        expect(not(intersectRles([x, y]))).toEqual(unionRles([not(x), not(y)]));
      }),
    );
  });

  it("refuse no masks, and masks of two pictures", () => {
    expect(() => unionRles([])).toThrow("unionRles: expected at least one mask, got an array of 0");
    const turned = of("## .. ..");
    const mismatch = expect.objectContaining({ code: "SHAPE_MISMATCH" });
    expect(() => intersectRles([a, b, turned])).toThrow(mismatch);
    expect(() => subtractRle(a, turned)).toThrow("subtractRle: expected 2×3, got 3×2");
    expect(() => intersectionArea(a, turned)).toThrow(mismatch);
  });
});
