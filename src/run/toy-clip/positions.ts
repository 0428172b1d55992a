import type { NdArray } from "../../core/array.ts";
import { shapeMismatch } from "../../core/error.ts";
import { formatShape } from "../../engine/index.ts";

/** Radians from one patch to the next of the fastest and the slowest wave. */
const SPEEDS = { fast: 1, slow: 0.02 };
/** Height of the waves: about that of what patches become. */
const HEIGHT = 0.5;

/**
 * A table of positions to start from, so that neighbors are alike on a grid of any size: sines and cosines of the row, then of the column.
 * The row of the class token stays.
 *
 * @param table  [1 + S·S, D], D a multiple of 4
 * @see Vaswani et al. 2017, section 3.5
 */
export function wavePositions({ shape, data }: NdArray<"float32">): NdArray<"float32"> {
  const [rows, dim] = shape;
  const side = Math.sqrt(rows - 1);
  if (shape.length !== 2 || !Number.isInteger(side) || dim % 4 !== 0)
    throw shapeMismatch("wavePositions: table", "[1 + S·S, D], D a multiple of 4", formatShape(shape));
  const count = dim / 4;
  const waves = data.slice();
  for (let p = dim; p < waves.length; p++) {
    const [patch, k] = [Math.floor(p / dim) - 1, p % dim];
    const at = k < 2 * count ? Math.floor(patch / side) : patch % side;
    const speed = SPEEDS.fast * (SPEEDS.slow / SPEEDS.fast) ** ((k % count) / count);
    const isSine = Math.floor(k / count) % 2 === 0;
    waves[p] = HEIGHT * (isSine ? Math.sin(speed * at) : Math.cos(speed * at));
  }
  return { dtype: "float32", shape, data: waves };
}
