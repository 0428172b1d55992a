import type { Size } from "../../core/geometry.ts";
import { broadcastTo, concat, reshape, slice, split, type Tensor, transpose } from "../../engine/index.ts";

/** Windows on a grid. One that they do not divide is padded at the right and bottom. */
export interface Windows {
  readonly batch: number;
  /** Of the grid. */
  readonly size: Size;
  readonly window: Size;
  readonly rows: number;
  readonly columns: number;
}

/** Windows on a grid of tokens [B, H, W, ...]. */
export function layWindows(x: Tensor, window: Size): Windows {
  const [batch, height, width] = x.shape as readonly number[];
  const rows = Math.ceil(height / window.height);
  const columns = Math.ceil(width / window.width);
  return { batch, size: { height, width }, window, rows, columns };
}

export interface SplitOptions {
  readonly heads: number;
  /** What stands in the padding, [3 · heads · d]: what the projection makes of a token there. */
  readonly padding: Tensor;
  /** Whether the channels are those of q, k and v of the first head, then of the second, and so on; else q, k, v of all heads in turn. */
  readonly byHead: boolean;
}

/**
 * Queries, keys and values of each window and head, taken apart by one transpose.
 *
 * @param tokens  [B, H, W, 3 · heads · d]
 * @returns       three of [B · windows · heads, h, w, d]
 */
export function splitWindows(
  tokens: Tensor,
  { batch, window, rows, columns }: Windows,
  { heads, padding, byHead }: SplitOptions,
): [q: Tensor, k: Tensor, v: Tensor] {
  const padded = padWith(tokens, padding, { height: rows * window.height, width: columns * window.width });
  const channels = (tokens.shape[3] as number) / (3 * heads);
  const parts = [
    ...[batch, rows, window.height, columns, window.width],
    ...(byHead ? [heads, 3, channels] : [3, heads, channels]),
  ];
  const apart = transpose(
    reshape(padded, parts),
    byHead ? [6, 0, 1, 3, 5, 2, 4, 7] : [5, 0, 1, 3, 6, 2, 4, 7], // [3, B, rows, columns, heads, h, w, d]
  );
  const count = batch * rows * columns * heads;
  const [q, k, v] = split(reshape(apart, [3 * count, window.height, window.width, channels]), 0, 3);
  return [q, k, v];
}

/** The grid [B, H, W, heads · d] that has the values [B · windows · heads, h · w, d], without padding. */
export function joinWindows(
  values: Tensor,
  { batch, size, window, rows, columns }: Windows,
  heads: number,
): Tensor {
  const channels = values.shape[2] as number;
  const together = transpose(
    reshape(values, [batch, rows, columns, heads, window.height, window.width, channels]),
    [0, 1, 4, 2, 5, 3, 6],
  );
  const map = reshape(together, [batch, rows * window.height, columns * window.width, heads * channels]);
  return slice(map, { axis: 1, end: size.height }, { axis: 2, end: size.width });
}

/** The map with a vector repeated at the right and bottom, up to a size. */
function padWith(x: Tensor, vector: Tensor, { height, width }: Size): Tensor {
  const [batch, ownHeight, ownWidth, channels] = x.shape as readonly number[];
  const repeated = (rows: number, columns: number): Tensor =>
    broadcastTo(reshape(vector, [1, 1, 1, channels]), [batch, rows, columns, channels]);
  const wide = width === ownWidth ? x : concat([x, repeated(ownHeight, width - ownWidth)], 2);
  return height === ownHeight ? wide : concat([wide, repeated(height - ownHeight, width)], 1);
}
