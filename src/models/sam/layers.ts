import { layerNorm, linear, relu, reshape, type Tensor, transpose } from "../../engine/index.ts";
import { scoped, type Weights } from "./weights.ts";

/** PyTorch's default, in the mask decoder. The encoder and the norms over channels of a map have 1e-6. */
export const DECODER_EPSILON = 1e-5;
export const ENCODER_EPSILON = 1e-6;

/** x·Wᵀ + b over the last axis, as `torch.nn.Linear`. */
export function dense(weights: Weights, name: string, x: Tensor): Tensor {
  return linear(x, weights(`${name}.weight`), { bias: weights(`${name}.bias`), transposeWeight: true });
}

/** Layer norm over the last axis, or over `axis`. */
export function norm(weights: Weights, name: string, x: Tensor, epsilon: number, axis = -1): Tensor {
  return layerNorm(x, { scale: weights(`${name}.weight`), bias: weights(`${name}.bias`), epsilon, axis });
}

/** Three dense layers with ReLU between them. */
export function head(weights: Weights, name: string, x: Tensor): Tensor {
  const own = scoped(weights, `${name}.layers.`);
  return dense(own, "2", relu(dense(own, "1", relu(dense(own, "0", x)))));
}

/** [B, N, D] as [B, heads, N, D / heads] */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, count, dim] = x.shape as readonly number[];
  return transpose(reshape(x, [batch, count, heads, dim / heads]), [0, 2, 1, 3]);
}

/** [B, heads, N, d] as [B, N, heads · d] */
export function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, count, dim] = x.shape as readonly number[];
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, count, heads * dim]);
}
