import { describe, expect, it } from "vitest";
import { layerGrids, pointGrid } from "./point-grid.ts";

describe("pointGrid", () => {
  it("has points in the middle of equal cells, row by row", () => {
    expect(pointGrid(1)).toEqual([{ x: 0.5, y: 0.5 }]);
    expect(pointGrid(2)).toEqual([
      { x: 0.25, y: 0.25 },
      { x: 0.75, y: 0.25 },
      { x: 0.25, y: 0.75 },
      { x: 0.75, y: 0.75 },
    ]);
  });

  it("ends where numpy's linspace ends", () => {
    const along = pointGrid(32).slice(0, 32);
    expect(along[0].x).toBe(1 / 64);
    expect(along[31].x).toBe(1 - 1 / 64);
  });
});

describe("layerGrids", () => {
  it("has fewer points in further layers, rounded down", () => {
    expect(layerGrids(5, 2, 2).map((grid) => grid.length)).toEqual([25, 4, 1]);
    expect(layerGrids(3, 2, 1).map((grid) => grid.length)).toEqual([9, 9, 9]);
  });

  it("refuses a layer without points", () => {
    expect(() => layerGrids(3, 2, 2)).toThrow(
      "proposeWithSam: cropPointsDownscale: expected points in every",
    );
  });
});
