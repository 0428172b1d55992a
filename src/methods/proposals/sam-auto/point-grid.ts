import { invalid } from "../../../core/error.ts";
import type { Point } from "../../../core/geometry.ts";

/**
 * n × n points in the middle of equal cells of the unit square, row by row.
 *
 * @see segment-anything, `utils/amg.py`, `build_point_grid`; every float64 as `numpy.linspace` has it
 */
export function pointGrid(pointsPerSide: number): Point[] {
  const start = 1 / (2 * pointsPerSide);
  const end = 1 - start;
  const step = (end - start) / (pointsPerSide - 1);
  const along = Array.from({ length: pointsPerSide }, (_, k) =>
    k > 0 && k === pointsPerSide - 1 ? end : k === 0 ? start : k * step + start,
  );
  return along.flatMap((y) => along.map((x) => ({ x, y })));
}

/**
 * The grid of each crop layer, that of the whole picture first: `pointsPerSide` divided by `downscale` once more in each, rounded down.
 *
 * @throws MaskwrightError INVALID_ARGUMENT when a layer would have no points
 */
export function layerGrids(pointsPerSide: number, layers: number, downscale: number): Point[][] {
  return Array.from({ length: layers + 1 }, (_, layer) => {
    const count = Math.floor(pointsPerSide / downscale ** layer);
    if (count < 1)
      throw invalid("proposeWithSam: cropPointsDownscale", "points in every crop layer", downscale);
    return pointGrid(count);
  });
}
