import { add, conv2d, gelu, mul, reshape, resize, type Tensor, transpose } from "../../engine/index.ts";
import { DECODER_EPSILON, dense, norm } from "../sam/layers.ts";
import { layerEntries } from "../sam/tensor-entries.ts";
import type { Weights } from "../sam/weights.ts";
import { toTokens } from "./mix-transformer.ts";

/** A head of a few thousand parameters on the maps of an encoder that is not trained. */
export interface LightHeadConfig {
  /** Channels of the encoder's maps, the finest first. */
  readonly levels: readonly number[];
  /** Channels in which the maps are joined. */
  readonly dim: number;
  /** Classes, the background among them. */
  readonly classes: number;
}

/** Every tensor of a configuration with its shape. */
export function lightHeadTensors({ levels, dim, classes }: LightHeadConfig): Map<string, readonly number[]> {
  return new Map([
    ...levels.flatMap((channels, level) => [
      ...layerEntries(`head.levels.${level}.norm`, [channels]),
      ...layerEntries(`head.levels.${level}.proj`, [dim, channels]),
    ]),
    ...layerEntries("head.norm", [dim]),
    ...layerEntries("head.classifier", [classes, dim, 1, 1]),
  ]);
}

/**
 * Logits [B, classes, h, w] on the grid of the finest map: each map normed over its channels (encoders differ in scale by orders of magnitude),
 * projected and enlarged; their sum normed, through a GELU, and classified. It is SegFormer's head without the batch.
 *
 * @param maps      [B, C, h, w] each, the finest first
 * @param channels  factors [B, dim, 1, 1] on the joined channels, for dropout; none by default
 */
export function lightHead(
  weights: Weights,
  maps: readonly Tensor[],
  { dim }: LightHeadConfig,
  channels: Tensor | null = null,
): Tensor {
  const [, , height, width] = maps[0].shape as readonly number[];
  const parts = maps.map((map, level) => {
    const [batch, , h, w] = map.shape as readonly number[];
    const normed = norm(weights, `head.levels.${level}.norm`, toTokens(map), DECODER_EPSILON);
    const tokens = dense(weights, `head.levels.${level}.proj`, normed);
    return resize(reshape(transpose(tokens, [0, 2, 1]), [batch, dim, h, w]), { height, width });
  });
  const joined = parts.reduce((sum, part) => add(sum, part));
  const hidden = gelu(norm(weights, "head.norm", joined, DECODER_EPSILON, 1));
  return conv2d(channels === null ? hidden : mul(hidden, channels), weights("head.classifier.weight"), {
    bias: weights("head.classifier.bias"),
  });
}
