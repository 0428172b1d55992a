import type { NdArray } from "../../core/array.ts";
import { shapeMismatch } from "../../core/error.ts";
import { formatShape } from "../../engine/index.ts";
import type { ClipConfig } from "../../models/clip/config.ts";

/** The network for pictures of half the size: the same one, on patches of half the side. A quarter of the numbers are easier to learn from. */
export function halfConfig({ vision, ...rest }: ClipConfig): ClipConfig {
  return { ...rest, vision: { ...vision, side: vision.side / 2, patch: vision.patch / 2 } };
}

/**
 * The filters of patches for pictures of twice the size: they give for a picture what the smaller ones give for means of 2 × 2 of its
 * pixels, up to rounding.
 *
 * @param filters  [D, 3, p, p]
 * @returns        [D, 3, 2p, 2p]
 */
export function doubleFilters({ shape, data }: NdArray): NdArray<"float32"> {
  const [count, channels, height, width] = shape;
  if (shape.length !== 4 || height !== width)
    throw shapeMismatch("doubleFilters: filters", "[D, C, p, p]", formatShape(shape));
  const [from, side] = [data as Float32Array, 2 * width];
  const doubled = new Float32Array(4 * from.length);
  for (let p = 0; p < doubled.length; p++) {
    const [j, row] = [p % side, Math.floor(p / side)];
    // Rows of all filters follow each other, and each is there twice.
    doubled[p] = from[(row >> 1) * width + (j >> 1)] / 4;
  }
  return { dtype: "float32", shape: [count, channels, side, side], data: doubled };
}
