import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Box,
  boxArea,
  boxFromCoco,
  boxFromDetr,
  boxFromSam,
  boxFromVoc,
  boxIou,
  boxToCoco,
  boxToDetr,
  boxToSam,
  boxToVoc,
  clipBox,
  formatSize,
  intersectBoxes,
  isSameSize,
} from "./geometry.ts";

/** The pixels of columns 2..4 and rows 1..2, in every convention. */
const box: Box = { x0: 2, y0: 1, x1: 5, y1: 3 };

describe("box conventions", () => {
  it("name the same pixels", () => {
    expect(boxToVoc(box)).toEqual({ xmin: 3, ymin: 2, xmax: 5, ymax: 3 });
    expect(boxToCoco(box)).toEqual([2, 1, 3, 2]);
    expect(boxToSam(box)).toEqual([2, 1, 4, 2]);
    expect(boxToDetr(box, { height: 4, width: 10 })).toEqual([0.35, 0.5, 0.3, 0.5]);
  });

  const anyBox = fc
    .tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }), fc.nat(9), fc.nat(9))
    .map(([x0, y0, width, height]): Box => ({ x0, y0, x1: x0 + width, y1: y0 + height }));

  it("convert there and back without loss", () => {
    const size = { height: 8, width: 16 }; // powers of two: division is exact
    fc.assert(
      fc.property(anyBox, (any) => {
        expect(boxFromVoc(boxToVoc(any))).toEqual(any);
        expect(boxFromCoco(boxToCoco(any))).toEqual(any);
        expect(boxFromSam(boxToSam(any))).toEqual(any);
        expect(boxFromDetr(boxToDetr(any, size), size)).toEqual(any);
      }),
    );
  });

  it("agree on overlap whichever box comes first", () => {
    fc.assert(
      fc.property(anyBox, anyBox, (a, b) => {
        const shared = intersectBoxes(a, b);
        expect(shared).toEqual(intersectBoxes(b, a));
        expect(boxIou(a, b)).toBe(boxIou(b, a));
        expect(boxArea(shared ?? { x0: 0, y0: 0, x1: 0, y1: 0 })).toBeLessThanOrEqual(
          Math.min(boxArea(a), boxArea(b)),
        );
      }),
    );
  });
});

describe("areas and overlap", () => {
  it("take half-open boxes: touching boxes share nothing", () => {
    expect(boxArea(box)).toBe(6);
    expect(intersectBoxes(box, { x0: 5, y0: 0, x1: 9, y1: 9 })).toBeNull();
    expect(boxIou(box, { x0: 4, y0: 1, x1: 6, y1: 3 })).toBe(2 / 8);
    expect(boxIou(box, box)).toBe(1);
  });

  it("give nothing, not NaN, for empty boxes", () => {
    const empty: Box = { x0: 3, y0: 3, x1: 3, y1: 3 };
    expect(boxArea(empty)).toBe(0);
    expect(boxArea({ x0: 5, y0: 0, x1: 2, y1: 4 })).toBe(0);
    expect(boxIou(empty, empty)).toBe(0);
  });

  it("cut a box at the picture's edge", () => {
    expect(clipBox({ x0: -2, y0: 1, x1: 3, y1: 9 }, { height: 4, width: 10 })).toEqual({
      x0: 0,
      y0: 1,
      x1: 3,
      y1: 4,
    });
    expect(clipBox({ x0: 10, y0: 0, x1: 12, y1: 2 }, { height: 4, width: 10 })).toBeNull();
  });
});

it("sizes are compared and written height first", () => {
  expect(formatSize({ height: 375, width: 500 })).toBe("375×500");
  expect(isSameSize({ height: 2, width: 3 }, { height: 3, width: 2 })).toBe(false);
});
