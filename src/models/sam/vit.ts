import { add, conv2d, gelu, type Tensor, transpose } from "../../engine/index.ts";
import type { VitConfig } from "./config.ts";
import { dense, ENCODER_EPSILON, norm } from "./layers.ts";
import { scoped, type Weights } from "./weights.ts";
import { type WindowAttentionOptions, windowAttention } from "./window-attention.ts";

/**
 * The features of pictures, which the neck makes an embedding of.
 *
 * @param image   [B, 3, S, S], normalised and padded; see `preprocess`
 * @param scores  see `boundedAttention`
 * @returns       [B, S/patch, S/patch, D]
 * @see segment-anything, `image_encoder.py`
 */
export function encodeVit(weights: Weights, image: Tensor, config: VitConfig, scores: number): Tensor {
  let x = embedPatches(weights, image, config);
  for (let i = 0; i < config.depth; i++)
    x = block(scoped(weights, `blocks.${i}.`), x, {
      heads: config.heads,
      scores,
      ...(!config.globalBlocks.includes(i) && { window: config.window }),
    });
  return x;
}

/** Patches as vectors with their absolute positions: [B, h, w, D]. */
function embedPatches(weights: Weights, image: Tensor, { patch }: VitConfig): Tensor {
  const patches = conv2d(image, weights("patch_embed.proj.weight"), {
    bias: weights("patch_embed.proj.bias"),
    stride: patch,
  });
  return add(transpose(patches, [0, 2, 3, 1]), weights("pos_embed"));
}

function block(weights: Weights, x: Tensor, options: WindowAttentionOptions): Tensor {
  const normed = norm(weights, "norm1", x, ENCODER_EPSILON);
  const attended = windowAttention(scoped(weights, "attn."), normed, options);
  const y = add(x, attended);
  const hidden = gelu(dense(weights, "mlp.lin1", norm(weights, "norm2", y, ENCODER_EPSILON)));
  return add(y, dense(weights, "mlp.lin2", hidden));
}
