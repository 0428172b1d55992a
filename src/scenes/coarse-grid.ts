import type { Random } from "../core/random.ts";
import { valueNoise } from "./noise.ts";
import { clamp } from "./scalar.ts";
import { noiseSeed } from "./texture.ts";

/** A coarse grid over a picture of height × width: cells of stride × stride pixels, the last ones cut. */
export interface CoarseGrid {
  readonly stride: number;
  readonly rows: number;
  readonly columns: number;
  readonly height: number;
  readonly width: number;
}

/** The grid through a 3 × 3 binomial blur, borders repeated. */
export function soften(grid: Float32Array, { rows, columns }: CoarseGrid): Float32Array {
  const at = (y: number, x: number): number =>
    grid[clamp(y, 0, rows - 1) * columns + clamp(x, 0, columns - 1)];
  const across = (y: number, x: number): number => at(y, x - 1) + 2 * at(y, x) + at(y, x + 1);
  return Float32Array.from(grid, (_, p) => {
    const x = p % columns;
    const y = (p - x) / columns;
    return (across(y - 1, x) + 2 * across(y, x) + across(y + 1, x)) / 16;
  });
}

/** Adds smooth noise of up to a fifth of the grid's highest value either way. */
export function addNoise(r: Random, grid: Float32Array, { columns }: CoarseGrid): void {
  const seed = noiseSeed(r);
  let top = 0;
  for (let p = 0; p < grid.length; p++) top = Math.max(top, grid[p]);
  for (let p = 0; p < grid.length; p++) {
    const x = p % columns;
    const y = (p - x) / columns;
    const fine = valueNoise(x * 0.7, y * 0.7, seed) + valueNoise(x * 0.2, y * 0.2, seed + 1) - 1;
    grid[p] += 0.18 * top * fine;
  }
}

/** Bilinear enlargement of the grid to the picture, cell centers at half strides. */
export function enlarge(
  grid: Float32Array,
  { stride, rows, columns, height, width }: CoarseGrid,
  out: Float32Array,
): void {
  for (let i = 0, p = 0; i < height; i++) {
    const y = clamp((i + 0.5) / stride - 0.5, 0, rows - 1);
    const y0 = Math.floor(y);
    const y1 = Math.min(y0 + 1, rows - 1);
    for (let j = 0; j < width; j++, p++) {
      const x = clamp((j + 0.5) / stride - 0.5, 0, columns - 1);
      const x0 = Math.floor(x);
      const x1 = Math.min(x0 + 1, columns - 1);
      const top = grid[y0 * columns + x0] * (x0 + 1 - x) + grid[y0 * columns + x1] * (x - x0);
      const bottom = grid[y1 * columns + x0] * (x0 + 1 - x) + grid[y1 * columns + x1] * (x - x0);
      out[p] = top * (y0 + 1 - y) + bottom * (y - y0);
    }
  }
}
