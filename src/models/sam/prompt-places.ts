import { add, gelu, matmul, reshape, type Tensor } from "../../engine/index.ts";
import { dense, ENCODER_EPSILON, norm } from "./layers.ts";
import { scoped, type Weights } from "./weights.ts";

/**
 * An image as its cells are once each knows where it lies beside the points and corners of a prompt: attention without softmax, from the
 * cells' positions to the tokens, and an MLP. SAM has no such layer; without it a small model needs far more than an hour on two cores to find out
 * that a token means a place.
 *
 * @param weights    `key`, `value`, `norm`, `lin1`, `lin2`
 * @param image      [b, P, C], b 1 or B
 * @param positions  of the cells, [1, P, C]
 * @param sparse     [B, n, C]
 * @returns          [B, P, C]
 */
export function lookForPrompt(weights: Weights, image: Tensor, positions: Tensor, sparse: Tensor): Tensor {
  const own = scoped(weights, "mask_decoder.places.");
  const [batch, count, dim] = sparse.shape as readonly number[];
  const heads = (own("key.weight").shape[0] as number) / dim;
  const keys = reshape(dense(own, "key", sparse), [batch, count * heads, dim]);
  const values = reshape(dense(own, "value", sparse), [batch, count * heads, dim]);
  // A position code has dim / 2 pairs of sine and cosine: 1 where a cell is the token's.
  const scores = matmul(positions, keys, { transposeB: true, alpha: 2 / dim }); // [B, P, n · heads]
  const placed = add(image, matmul(scores, values));
  const hidden = gelu(dense(own, "lin1", norm(own, "norm", placed, ENCODER_EPSILON)));
  return add(placed, dense(own, "lin2", hidden));
}
