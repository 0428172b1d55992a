import { constant, gather, matmul, reshape, resize, type Tensor, transpose } from "../../engine/index.ts";

/**
 * What relative positions add to attention, one term for the row of a key and one for its column:
 * factor · Σ_c q[y, x, c] · R[y − ky, c], likewise for x.
 *
 * @param q  [N, h, w, d], not scaled
 * @param tableH  [2h − 1, d]
 * @param tableW  [2w − 1, d]
 * @returns       [N, h, w, h] and [N, h, w, w]
 * @see segment-anything, `image_encoder.py`, `add_decomposed_rel_pos`
 */
export function relativeTerms(q: Tensor, tableH: Tensor, tableW: Tensor, factor = 1): [Tensor, Tensor] {
  const [, height, width] = q.shape as readonly number[];
  const alpha = { transposeB: true, alpha: factor };
  const rows = matmul(q, relativePositions(tableH, height, height), alpha);
  const columns = matmul(transpose(q, [0, 2, 1, 3]), relativePositions(tableW, width, width), alpha);
  return [rows, transpose(columns, [0, 2, 1, 3])];
}

/**
 * The vectors of a table by relative position: [i, j] is that of query i and key j, on a common scale when there are more of the one
 * than of the other. A table of another length is interpolated linearly.
 *
 * @param table  [distances, d]
 * @returns      [queryCount, keyCount, d]
 * @see segment-anything, `image_encoder.py`, `get_rel_pos`
 */
export function relativePositions(table: Tensor, queryCount: number, keyCount: number): Tensor {
  const [length, dim] = table.shape as readonly number[];
  const distances = 2 * Math.max(queryCount, keyCount) - 1;
  const fitted =
    length === distances
      ? table
      : reshape(resize(reshape(table, [1, 1, length, dim]), { height: distances, width: dim }), [
          distances,
          dim,
        ]);
  const queryStep = Math.max(keyCount / queryCount, 1);
  const keyStep = Math.max(queryCount / keyCount, 1);
  const indices = Int32Array.from({ length: queryCount * keyCount }, (_, p) => {
    const i = Math.floor(p / keyCount) * queryStep;
    const j = (p % keyCount) * keyStep;
    return i - j + (keyCount - 1) * keyStep; // truncates
  });
  return gather(fitted, constant(table.graph, indices, { shape: [queryCount, keyCount] }));
}
