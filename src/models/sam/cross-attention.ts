import { add, attention, matmul, reshape, softmax, type Tensor, transpose } from "../../engine/index.ts";
import { dense, mergeHeads, splitHeads } from "./layers.ts";
import type { Weights } from "./weights.ts";

/*
 * Attention between the few tokens of a prompt, [B, T, C], and the many cells of an image, [B, P, C], in two ways.
 *
 * Where the image's projections are at hand, as usual. Elsewhere the projections are moved to the tokens: q·(W x) is (Wᵀq)·x, and
 * Σ a (W x) is W Σ a x. A cell then takes heads · T products of length C instead of the C/2 of a projection (56 instead of 128 for
 * a point), and no array of the image's size changes its layout.
 */

/** Keys and values, [b, heads, P, d]; b is 1 when all prompts share them. */
export interface ProjectedKeys {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** An image as it is, and with its positions added. */
export interface PlacedImage {
  readonly image: Tensor;
  readonly placed: Tensor;
}

/** Tokens looking at an image by its projections. Queries know nothing of each other, so over a shared image they are one set. */
export function lookAtKeys(weights: Weights, tokens: Tensor, { keys, values }: ProjectedKeys): Tensor {
  const [batch, count, dim] = tokens.shape as readonly number[];
  const [images, heads] = keys.shape as readonly number[];
  const together = reshape(tokens, [images, (batch / images) * count, dim]);
  const queries = splitHeads(dense(weights, "q_proj", together), heads);
  const seen = dense(weights, "out_proj", mergeHeads(attention(queries, keys, values)));
  return reshape(seen, [batch, count, dim]);
}

/** Tokens looking at an image of their own. */
export function lookAtImage(
  weights: Weights,
  tokens: Tensor,
  { image, placed }: PlacedImage,
  heads: number,
): Tensor {
  const [batch, count, dim] = tokens.shape as readonly number[];
  const queries = splitHeads(dense(weights, "q_proj", tokens), heads);
  const { vectors, shifts, alpha } = moveProjection(weights, "k_proj", queries);
  const scores = add(matmul(vectors, placed, { transposeB: true, alpha }), shifts);
  const seen = reshape(matmul(softmax(scores), image), [batch, heads, count, dim]);
  const values = mergeHeads(matmul(seen, perHead(weights("v_proj.weight"), heads), { transposeB: true }));
  return dense(weights, "out_proj", add(values, weights("v_proj.bias")));
}

/** Cells looking at tokens, by projected queries [b, heads, P, d]. */
export function lookFromQueries(weights: Weights, queries: Tensor, { keys, values }: ProjectedKeys): Tensor {
  const alpha = 1 / Math.sqrt(keys.shape[3] as number);
  const shares = softmax(matmul(queries, keys, { transposeB: true, alpha })); // [B, heads, P, T]
  return mixValues(weights, transpose(shares, [0, 2, 1, 3]), values);
}

/** Cells of an image [B, P, C], positions added, looking at the tokens of its prompt. */
export function lookFromImage(weights: Weights, placed: Tensor, { keys, values }: ProjectedKeys): Tensor {
  const [batch, heads, count] = keys.shape as readonly number[];
  const { vectors, shifts, alpha } = moveProjection(weights, "q_proj", keys);
  const scores = add(matmul(placed, vectors, { transposeB: true, alpha }), transpose(shifts, [0, 2, 1]));
  const apart = reshape(scores, [batch, placed.shape[1], heads, count]);
  return mixValues(weights, softmax(apart), values);
}

/**
 * The other side of a product with projected cells, (W x + b)·y/√d = α·vector·x + shift.
 *
 * @param y  [B, heads, T, d]
 * @returns  vectors [B, heads · T, C] and shifts [B, heads · T, 1]
 */
function moveProjection(
  weights: Weights,
  name: string,
  y: Tensor,
): { vectors: Tensor; shifts: Tensor; alpha: number } {
  const [batch, heads, count, channels] = y.shape as readonly number[];
  const matrix = perHead(weights(`${name}.weight`), heads);
  const bias = reshape(weights(`${name}.bias`), [heads, channels, 1]);
  const alpha = 1 / Math.sqrt(channels);
  return {
    vectors: reshape(matmul(y, matrix), [batch, heads * count, matrix.shape[2]]),
    shifts: reshape(matmul(y, bias, { alpha }), [batch, heads * count, 1]),
    alpha,
  };
}

/** The output projection of shares [B, P, heads, T] of values [B, heads, T, d], done on the values: [B, P, C]. */
function mixValues(weights: Weights, shares: Tensor, values: Tensor): Tensor {
  const [batch, cells, heads, count] = shares.shape as readonly number[];
  const outputs = matmul(values, perHead(transpose(weights("out_proj.weight"), [1, 0]), heads)); // [B, heads, T, C]
  const flat = reshape(outputs, [batch, heads * count, outputs.shape[3]]);
  const mixed = matmul(reshape(shares, [batch, cells, heads * count]), flat);
  return add(mixed, weights("out_proj.bias"));
}

/** Rows [heads · d, C] of a matrix as [heads, d, C]. */
function perHead(matrix: Tensor, heads: number): Tensor {
  const [rows, columns] = matrix.shape as readonly number[];
  return reshape(matrix, [heads, rows / heads, columns]);
}
