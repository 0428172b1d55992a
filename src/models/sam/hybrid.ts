import { add, concat, conv2d, gelu, reshape, type Tensor, transpose } from "../../engine/index.ts";
import type { HybridConfig } from "./config.ts";
import { dense, ENCODER_EPSILON, norm } from "./layers.ts";
import { attendSelf } from "./transformer.ts";
import { scoped, type Weights } from "./weights.ts";

export interface HybridFeatures {
  /** What the neck reads. */
  readonly features: Tensor;
  /** At a quarter and an eighth of the side. */
  readonly quarter: Tensor;
  readonly eighth: Tensor;
}

/**
 * The features of pictures, which the neck makes an embedding of: those of the last block, and beside them those at an eighth of the side,
 * so that edges need not pass through the attention.
 *
 * A design of our own for little data and few operations. Convolutions have neither norms nor running statistics; where things are, blocks
 * know by their convolution, so a picture of any size will do.
 *
 * @param image      [B, 3, S, S]
 * @param positions  of the cells, [1, P, C], see `cellPositions`
 * @returns      features [B, S/16, S/16, dim + 4 · dim of the second stage], and the two finer maps, [B, C, H, W]
 */
export function encodeHybrid(
  weights: Weights,
  image: Tensor,
  positions: Tensor,
  config: HybridConfig,
): HybridFeatures {
  let map = gelu(convolution(weights, "stem", image, 2));
  const maps = config.convolutions.map(({ depth }, s) => {
    const own = scoped(weights, `stages.${s}.`);
    map = convolution(own, "downsample", map, 2);
    for (let i = 0; i < depth; i++) map = residual(scoped(own, `blocks.${i}.`), map);
    return map;
  });
  const cells = transpose(convolution(weights, "downsample", gelu(map), 2), [0, 2, 3, 1]);
  const places = dense(weights, "position", positions); // [1, P, D]
  let tokens = add(cells, reshape(places, [1, ...cells.shape.slice(1, 3), config.dim] as number[]));
  for (let i = 0; i < config.depth; i++)
    tokens = block(scoped(weights, `blocks.${i}.`), tokens, config.heads);
  const [quarter, eighth] = maps;
  return { features: concat([tokens, gatherPairs(map)], -1), quarter, eighth };
}

/** A 3×3 convolution with bias. */
function convolution(weights: Weights, name: string, x: Tensor, stride: 1 | 2): Tensor {
  return conv2d(x, weights(`${name}.weight`), { bias: weights(`${name}.bias`), stride, pad: 1 });
}

function residual(weights: Weights, x: Tensor): Tensor {
  const inner = gelu(convolution(weights, "conv1", gelu(x), 1));
  return add(x, convolution(weights, "conv2", inner, 1));
}

/** Attention over the whole grid, then a 3×3 convolution and a dense layer: [B, h, w, D]. */
function block(weights: Weights, x: Tensor, heads: number): Tensor {
  const [batch, height, width, dim] = x.shape as readonly number[];
  const normed = reshape(norm(weights, "norm1", x, ENCODER_EPSILON), [batch, height * width, dim]);
  const attended = attendSelf(scoped(weights, "attn."), normed, normed, heads);
  const y = add(x, reshape(attended, [batch, height, width, dim]));
  const map = transpose(norm(weights, "norm2", y, ENCODER_EPSILON), [0, 3, 1, 2]);
  const inner = transpose(gelu(convolution(weights, "conv", map, 1)), [0, 2, 3, 1]);
  return add(y, dense(weights, "proj", inner));
}

/** Each 2×2 pixels side by side: [B, C, 2h, 2w] to [B, h, w, 4C]. */
function gatherPairs(x: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape as readonly number[];
  const [h, w] = [height / 2, width / 2];
  const pairs = transpose(reshape(x, [batch, channels, h, 2, w, 2]), [0, 2, 4, 3, 5, 1]);
  return reshape(pairs, [batch, h, w, 4 * channels]);
}
