import { conv2d, linear, reshape, type Tensor, transpose } from "../../engine/index.ts";
import { ENCODER_EPSILON, norm } from "./layers.ts";
import type { Weights } from "./weights.ts";

/**
 * What all encoders end with: a 1×1 and a 3×3 convolution without bias, each followed by a norm over channels.
 *
 * @param weights  `neck.0` to `neck.3`
 * @param x        [B, h, w, D]
 * @returns        [B, C, h, w]
 */
export function neck(weights: Weights, x: Tensor): Tensor {
  const kernel = weights("neck.0.weight");
  const narrow = linear(x, reshape(kernel, kernel.shape.slice(0, 2)), { transposeWeight: true });
  const normed = transpose(norm(weights, "neck.1", narrow, ENCODER_EPSILON), [0, 3, 1, 2]);
  return norm(weights, "neck.3", conv2d(normed, weights("neck.2.weight"), { pad: 1 }), ENCODER_EPSILON, 1);
}
