import type { Point } from "../../../core/geometry.ts";
import type { Rle } from "../../../core/rle.ts";

/** Which points need not be asked, because a mask that is good enough has them already. */
export interface AdaptiveOptions {
  /** A mask's predicted IoU is at least this, beside what all masks have to pass; default 0.95. */
  readonly minPredictedIou?: number;
  /** A larger mask may well have smaller things in it, so points inside are asked; as a share of the crop, default 0.1. */
  readonly maxAreaFraction?: number;
}

/** Points in three passes, each twice as dense in both directions as those before; the indices of each pass in ascending order. */
export function passesOf(points: readonly Point[]): number[][] {
  const passes: number[][] = [[], [], []];
  const [columns, rows] = [ranksOf(points.map(({ x }) => x)), ranksOf(points.map(({ y }) => y))];
  for (const k of points.keys()) {
    const bits = columns[k] | rows[k];
    passes[bits % 4 === 0 ? 0 : bits % 2 === 0 ? 1 : 2].push(k);
  }
  return passes;
}

/** Of each value its place among the different ones. */
function ranksOf(values: readonly number[]): number[] {
  const places = new Map([...new Set(values)].sort((a, b) => a - b).map((value, place) => [value, place]));
  return values.map((value) => places.get(value) as number);
}

/** Whether the pixel that a point lies in is set; so is none outside of the picture. */
export function isInside({ height, width, counts }: Rle, { x, y }: Point): boolean {
  const [i, j] = [Math.floor(y), Math.floor(x)];
  if (i < 0 || i >= height || j < 0 || j >= width) return false;
  let left = j * height + i;
  let k = 0;
  while (left >= counts[k]) left -= counts[k++];
  return k % 2 === 1;
}
