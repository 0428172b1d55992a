import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyMask } from "../testing/arbitrary.ts";
import { draw, mask } from "../testing/picture.ts";
import { boundaryMask, traceContours } from "./contour.ts";

describe("traceContours", () => {
  it("walks outer rings with the set pixels on the right, holes the other way", () => {
    expect(traceContours(mask("### #.# ###"))).toEqual([
      { points: [0, 0, 3, 0, 3, 3, 0, 3], isHole: false },
      { points: [1, 2, 2, 2, 2, 1, 1, 1], isHole: true },
    ]);
  });

  it("finds what lies in a hole", () => {
    const contours = traceContours(mask("##### #...# #.#.# #...# #####"));
    expect(contours.map(({ points, isHole }) => [points[0], points[1], isHole])).toEqual([
      [0, 0, false],
      [2, 2, false],
      [1, 4, true],
    ]);
  });

  it("goes on over a corner between set pixels, so a hole does not", () => {
    expect(traceContours(mask("#. .#")).length).toBe(1);
    // Two unset pixels that touch at a corner are two holes.
    expect(traceContours(mask("#### #.## ##.# ####")).map(({ isHole }) => isHole)).toEqual([
      false,
      true,
      true,
    ]);
  });

  it("finds nothing in an empty mask and one ring in a full one", () => {
    expect(traceContours(mask("... ..."))).toEqual([]);
    expect(traceContours(mask("### ###"))).toEqual([{ points: [0, 0, 3, 0, 3, 2, 0, 2], isHole: false }]);
    expect(traceContours(mask("#"))).toEqual([{ points: [0, 0, 1, 0, 1, 1, 0, 1], isHole: false }]);
  });

  it("passes every edge between a set and an unset pixel once", () => {
    fc.assert(
      fc.property(anyMask(), (any) => {
        const { height, width, data } = any;
        const at = (i: number, j: number): number =>
          i >= 0 && i < height && j >= 0 && j < width ? data[i * width + j] : 0;
        let edges = 0;
        for (let i = 0; i <= height; i++)
          for (let j = 0; j <= width; j++) edges += (at(i, j) ^ at(i - 1, j)) + (at(i, j) ^ at(i, j - 1));
        let length = 0;
        for (const { points } of traceContours(any)) {
          for (let n = 0; n < points.length; n += 2) {
            const m = (n + 2) % points.length;
            length += Math.abs(points[m] - points[n]) + Math.abs(points[m + 1] - points[n + 1]);
          }
        }
        expect(length).toBe(edges);
      }),
    );
  });
});

describe("boundaryMask", () => {
  it.each([
    ["##### ##### #####", "##### #...# #####"],
    ["..... .###. .###. .###. .....", "..... .###. .#.#. .###. ....."],
    ["#", "#"],
    ["... ...", "... ..."],
    ["### #.# ###", "### #.# ###"],
    ["##### ####. ##### #####", "##### #..#. #...# #####"],
  ])("keeps the pixels at the edge of %s", (drawing, boundary) => {
    expect(draw(boundaryMask(mask(drawing)))).toBe(boundary);
  });
});
