import type { Size } from "../../core/geometry.ts";
import {
  add,
  attention,
  broadcastTo,
  concat,
  expandDims,
  type QueryBlock,
  reshape,
  slice,
  split,
  type Tensor,
  transpose,
} from "../../engine/index.ts";
import { dense } from "./layers.ts";
import { relativeTerms } from "./relative-position.ts";
import type { Weights } from "./weights.ts";

export interface WindowAttentionOptions {
  readonly heads: number;
  /** Side of a window; the whole grid is one when absent. */
  readonly window?: number;
  /** Queries handled at once; all of a window when absent. The numbers are the same. */
  readonly queryBlock?: number;
}

/**
 * Attention inside windows of a grid, with relative positions: A = q·kᵀ/√d + relH + relW.
 *
 * A grid that windows do not divide is padded with zeros at the right and bottom, and the padding is not masked: its keys and values are
 * the bias of the projection and take part in the softmax of the border windows. Here nothing is computed for it: the bias itself is put
 * there, and the output projection sees the grid's own tokens only.
 *
 * Query blocks add their own part of the relative terms: a bias of the size of A is never held as a whole.
 *
 * @param weights  `qkv`, `proj`, `rel_pos_h`, `rel_pos_w`
 * @param x        [B, H, W, D]
 * @returns        [B, H, W, D]
 * @see segment-anything, `image_encoder.py`, `Attention`, `window_partition`
 */
export function windowAttention(weights: Weights, x: Tensor, options: WindowAttentionOptions): Tensor {
  const [batch, height, width, dim] = x.shape as readonly number[];
  const { heads, window, queryBlock } = options;
  const cell: Size = window === undefined ? { height, width } : { height: window, width: window };
  const rows = Math.ceil(height / cell.height);
  const columns = Math.ceil(width / cell.width);
  const channels = dim / heads;
  const count = batch * rows * columns * heads;

  const tokens = dense(weights, "qkv", x);
  const padded = padWith(tokens, weights("qkv.bias"), {
    height: rows * cell.height,
    width: columns * cell.width,
  });
  // Windows and heads apart in one transpose: [3, B, rows, columns, heads, h, w, d].
  const apart = transpose(
    reshape(padded, [batch, rows, cell.height, columns, cell.width, 3, heads, channels]),
    [5, 0, 1, 3, 6, 2, 4, 7],
  );
  const [q, k, v] = split(reshape(apart, [3 * count, cell.height, cell.width, channels]), 0, 3);
  const flat = (part: Tensor): Tensor =>
    reshape(part, [count, cell.height * cell.width, part.shape[part.shape.length - 1]]);

  const [onRows, onColumns] = relativeTerms(q, weights("rel_pos_h"), weights("rel_pos_w"));
  const byRow = expandDims(flat(onRows), 3); // [count, h·w, h, 1]
  const byColumn = expandDims(flat(onColumns), 2); // [count, h·w, 1, w]
  const bias = ({ start, end }: QueryBlock): Tensor => {
    const part = (terms: Tensor): Tensor => slice(terms, { axis: 1, start, end });
    return reshape(add(part(byRow), part(byColumn)), [count, end - start, cell.height * cell.width]);
  };
  const blocks = queryBlock === undefined ? {} : { queryBlock };
  const attended = attention(flat(q), flat(k), flat(v), { bias, ...blocks }); // [count, h·w, d]

  const together = transpose(
    reshape(attended, [batch, rows, columns, heads, cell.height, cell.width, channels]),
    [0, 1, 4, 2, 5, 3, 6],
  );
  const map = reshape(together, [batch, rows * cell.height, columns * cell.width, dim]);
  return dense(weights, "proj", slice(map, { axis: 1, end: height }, { axis: 2, end: width }));
}

/** The map with a vector repeated at the right and bottom, up to a size. */
function padWith(x: Tensor, vector: Tensor, { height, width }: Size): Tensor {
  const [batch, ownHeight, ownWidth, channels] = x.shape as readonly number[];
  const repeated = (rows: number, columns: number): Tensor =>
    broadcastTo(reshape(vector, [1, 1, 1, channels]), [batch, rows, columns, channels]);
  const wide = width === ownWidth ? x : concat([x, repeated(ownHeight, width - ownWidth)], 2);
  return height === ownHeight ? wide : concat([wide, repeated(height - ownHeight, width)], 1);
}
