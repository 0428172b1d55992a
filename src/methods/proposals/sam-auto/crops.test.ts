import { describe, expect, it } from "vitest";
import { cropsOf, isCutByCrop } from "./crops.ts";

describe("cropsOf", () => {
  it("is the whole picture without layers", () => {
    expect(cropsOf({ height: 2, width: 3 }, 0, 0.3)).toEqual([
      { box: { x0: 0, y0: 0, x1: 3, y1: 2 }, layer: 0 },
    ]);
  });

  it("cuts column by column, with an overlap", () => {
    const [, ...crops] = cropsOf({ height: 375, width: 500 }, 1, 512 / 1500);
    expect(crops.map(({ box }) => box)).toEqual([
      { x0: 0, y0: 0, x1: 314, y1: 252 },
      { x0: 0, y0: 124, x1: 314, y1: 375 },
      { x0: 186, y0: 0, x1: 500, y1: 252 },
      { x0: 186, y0: 124, x1: 500, y1: 375 },
    ]);
  });

  it("has no crops outside a tiny picture", () => {
    for (const { box } of cropsOf({ height: 1, width: 2 }, 3, 0.5)) {
      expect(box.x0).toBeLessThan(box.x1);
      expect(box.y0).toBeLessThan(box.y1);
    }
  });
});

describe("isCutByCrop", () => {
  const picture = { height: 200, width: 200 };
  const crop = { x0: 100, y0: 0, x1: 200, y1: 100 };

  it("is so within 20 pixels of a side that is inside the picture", () => {
    expect(isCutByCrop([120, 50, 150, 60], crop, picture)).toBe(true);
    expect(isCutByCrop([121, 50, 150, 60], crop, picture)).toBe(false);
    expect(isCutByCrop([130, 50, 150, 80], crop, picture)).toBe(true);
  });

  it("is not so at the picture's own sides", () => {
    expect(isCutByCrop([130, 0, 199, 50], crop, picture)).toBe(false);
  });

  it("is never so for the whole picture", () => {
    expect(isCutByCrop([0, 0, 199, 199], { x0: 0, y0: 0, x1: 200, y1: 200 }, picture)).toBe(false);
  });
});
