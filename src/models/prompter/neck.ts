import { conv2d, gelu, reshape, type Tensor, transpose } from "../../engine/index.ts";
import { ENCODER_EPSILON, norm } from "../sam/layers.ts";
import { scoped, type Weights } from "../sam/weights.ts";
import type { PrompterConfig } from "./config.ts";

/**
 * Two 3×3 convolutions, each followed by a norm over channels and GELU.
 *
 * @param weights   `conv_layers`
 * @param features  [B, C, g, g], embeddings
 * @returns         [B, P, D], cells row by row
 */
export function shrinkFeatures(weights: Weights, features: Tensor, { strides }: PrompterConfig): Tensor {
  const own = scoped(weights, "conv_layers.");
  let x = features;
  let cells = features; // [B, h, w, D]
  strides.forEach((stride, i) => {
    if (i > 0) x = transpose(cells, [0, 3, 1, 2]);
    const options = { bias: own(`${3 * i}.bias`), stride, pad: 1 };
    const convolved = conv2d(x, own(`${3 * i}.weight`), options);
    cells = gelu(norm(own, `${3 * i + 1}`, transpose(convolved, [0, 2, 3, 1]), ENCODER_EPSILON));
  });
  const [batch, height, width, dim] = cells.shape as readonly number[];
  return reshape(cells, [batch, height * width, dim]);
}
