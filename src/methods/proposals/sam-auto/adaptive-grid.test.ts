import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeRle } from "../../../core/rle.ts";
import { mask } from "../../../testing/picture.ts";
import { isInside, passesOf } from "./adaptive-grid.ts";
import { pointGrid } from "./point-grid.ts";

describe("passesOf", () => {
  it("begins with every fourth point of every fourth row", () => {
    const passes = passesOf(pointGrid(5));
    expect(passes[0]).toEqual([0, 4, 20, 24]);
    expect(passes[1]).toEqual([2, 10, 12, 14, 22]);
    expect(passes[2].length).toBe(16);
  });

  it("has every point once (property)", () => {
    const points = fc.array(
      fc.record({ x: fc.integer({ max: 9, min: 0 }), y: fc.integer({ max: 9, min: 0 }) }),
    );
    fc.assert(
      fc.property(points, (given) => {
        expect(
          passesOf(given)
            .flat()
            .sort((a, b) => a - b),
        ).toEqual([...given.keys()]);
      }),
    );
  });
});

describe("isInside", () => {
  it("tells of each pixel, and of points beside the picture", () => {
    const drawn = mask("##. .#. ..#");
    const rle = encodeRle(drawn);
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++)
        expect(isInside(rle, { x: j + 0.5, y: i + 0.9 })).toBe(drawn.data[3 * i + j] === 1);
    for (const outside of [-0.1, 3]) {
      expect(isInside(rle, { x: outside, y: 0 })).toBe(false);
      expect(isInside(rle, { x: 0, y: outside })).toBe(false);
    }
  });
});
