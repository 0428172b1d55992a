import type { Size } from "../../core/geometry.ts";
import { add, expandDims, type QueryBlock, reshape, slice, type Tensor } from "../../engine/index.ts";
import { boundedAttention, type Part } from "./bounded-attention.ts";
import { dense } from "./layers.ts";
import { relativeTerms } from "./relative-position.ts";
import type { Weights } from "./weights.ts";
import { joinWindows, layWindows, splitWindows } from "./windows.ts";

export interface WindowAttentionOptions {
  readonly heads: number;
  /** Side of a window; the whole grid is one when absent. */
  readonly window?: number;
  /** Scores that exist at once, see `boundedAttention`. */
  readonly scores: number;
}

/**
 * Attention inside windows of a grid, with relative positions: A = q·kᵀ/√d + relH + relW.
 *
 * A grid that windows do not divide is padded with zeros at the right and bottom, and the padding is not masked: its keys and values are
 * the bias of the projection and take part in the softmax of the border windows. Here nothing is computed for it: the bias itself is put
 * there, and the output projection sees the grid's own tokens only.
 *
 * The relative terms are added part by part: a bias of the size of A is never held as a whole.
 *
 * @param weights  `qkv`, `proj`, `rel_pos_h`, `rel_pos_w`
 * @param x        [B, H, W, D]
 * @returns        [B, H, W, D]
 * @see segment-anything, `image_encoder.py`, `Attention`, `window_partition`
 */
export function windowAttention(weights: Weights, x: Tensor, options: WindowAttentionOptions): Tensor {
  const [, height, width] = x.shape as readonly number[];
  const { heads, window, scores } = options;
  const cell: Size = window === undefined ? { height, width } : { height: window, width: window };
  const windows = layWindows(x, cell);
  const [q, k, v] = splitWindows(dense(weights, "qkv", x), windows, {
    heads,
    padding: weights("qkv.bias"),
    byHead: false,
  });
  const count = q.shape[0] as number;
  const flat = (part: Tensor): Tensor =>
    reshape(part, [count, cell.height * cell.width, part.shape[part.shape.length - 1]]);

  const [onRows, onColumns] = relativeTerms(q, weights("rel_pos_h"), weights("rel_pos_w"));
  const byRow = expandDims(flat(onRows), 3); // [count, h·w, h, 1]
  const byColumn = expandDims(flat(onColumns), 2); // [count, h·w, 1, w]
  const bias = ({ first, end: last }: Part, { start, end }: QueryBlock): Tensor => {
    const part = (terms: Tensor): Tensor =>
      slice(terms, { axis: 0, start: first, end: last }, { axis: 1, start, end });
    return reshape(add(part(byRow), part(byColumn)), [last - first, end - start, cell.height * cell.width]);
  };
  const attended = boundedAttention(flat(q), flat(k), flat(v), { scores, bias }); // [count, h·w, d]
  return dense(weights, "proj", joinWindows(attended, windows, heads));
}
