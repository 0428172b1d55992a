import { describe, expect, it } from "vitest";
import { boundsOf, ellipse, limb, type Outline, polygon, rectangle, roundedBox, smooth } from "./outline.ts";
import { rasterize } from "./raster.ts";

/** Coverage of a shape in a picture, rounded to quarters: one digit a pixel. */
function cover(outline: Outline, height: number, width: number): string {
  const rows = Array.from({ length: height }, () => new Array<number>(width).fill(0));
  rasterize(outline, { height, width }, (row, start, end, coverage) => {
    for (let j = start; j < end; j++) rows[row][j] = Math.round(coverage[j] * 4);
  });
  return rows.map((row) => row.join("")).join(" ");
}

function area(outline: Outline, height: number, width: number): number {
  let sum = 0;
  rasterize(outline, { height, width }, (_, start, end, coverage) => {
    for (let j = start; j < end; j++) sum += coverage[j];
  });
  return sum;
}

describe("rasterize", () => {
  it("covers whole pixels and shares of pixels", () => {
    expect(cover(rectangle(1, 0, 3, 1), 2, 3)).toBe("044 000");
    expect(cover(rectangle(0.5, 0.5, 2.5, 2), 2, 3)).toBe("121 242");
    expect(cover(polygon([0, 0], [3, 0], [0, 3]), 3, 3)).toBe("442 420 200");
  });

  it("leaves holes by the even-odd rule", () => {
    expect(cover([...rectangle(0, 0, 4, 3), ...rectangle(1, 1, 3, 2)], 3, 4)).toBe("4444 4004 4444");
  });

  it("keeps to the picture", () => {
    expect(cover(rectangle(-5, -5, 9, 9), 2, 3)).toBe("444 444");
    expect(cover(rectangle(5, 0, 9, 2), 2, 3)).toBe("000 000");
    expect(cover(rectangle(-9, -9, 0, 0), 1, 1)).toBe("0");
    expect(cover([], 1, 2)).toBe("00");
  });

  it("does not care which way a contour runs", () => {
    expect(cover(polygon([0, 0], [0, 3], [3, 0]), 3, 3)).toBe(cover(polygon([0, 0], [3, 0], [0, 3]), 3, 3));
  });

  it("sums to the area", () => {
    expect(area(ellipse(20.3, 15.7, 12, 8), 40, 40)).toBeCloseTo(Math.PI * 12 * 8, -1);
    expect(area(polygon([1.2, 3.4], [30.1, 7.7], [12.9, 35.5]), 40, 40)).toBeCloseTo(438.73, 0);
    expect(area(roundedBox(5, 5, 25, 15, 3), 40, 40)).toBeCloseTo(200 - (4 - Math.PI) * 9, 0);
  });
});

describe("outlines", () => {
  it("thickens a line by its half width on each side, with round ends", () => {
    const { x0, y0, x1, y1 } = boundsOf([limb([10, 10, 2], [20, 10, 2])]);
    expect([x0, y0, x1, y1]).toEqual([8, 8, 22, 12]);
    expect(area(limb([10, 10, 2], [20, 10, 2]), 20, 30)).toBeCloseTo(40 + Math.PI * 4, -1);
  });

  it("draws a smooth curve through its points", () => {
    const [curve] = smooth([0, 0], [4, 0], [4, 4], [0, 4]);
    expect(curve.length).toBe(4 * 6 * 2);
    expect([curve[0], curve[1], curve[12], curve[13]]).toEqual([0, 0, 4, 0]);
  });
});
