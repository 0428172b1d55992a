import { add, conv2d, gelu, linear, reshape, type Tensor, transpose } from "../../engine/index.ts";
import type { SamConfig, VitConfig } from "./config.ts";
import { dense, ENCODER_EPSILON, norm } from "./layers.ts";
import { scoped, type Weights } from "./weights.ts";
import { windowAttention } from "./window-attention.ts";

export interface EncodeImageOptions {
  /** Queries that a block without windows handles at once. Default 256: at 4,096 tokens and 16 heads 67 MB instead of 1 GB. */
  readonly queryBlock?: number;
}

/**
 * The embedding of pictures.
 *
 * @param image  [B, 3, S, S], normalised and padded; see `preprocess`
 * @returns      [B, C, S/patch, S/patch]
 * @see segment-anything, `image_encoder.py`
 */
export function encodeImage(
  weights: Weights,
  image: Tensor,
  { encoder }: SamConfig,
  { queryBlock = 256 }: EncodeImageOptions = {},
): Tensor {
  const own = scoped(weights, "image_encoder.");
  let x = embedPatches(own, image, encoder);
  for (let i = 0; i < encoder.depth; i++)
    x = block(
      scoped(own, `blocks.${i}.`),
      x,
      encoder,
      encoder.globalBlocks.includes(i) ? { queryBlock } : null,
    );
  return neck(own, x);
}

/** Patches as vectors with their absolute positions: [B, h, w, D]. */
function embedPatches(weights: Weights, image: Tensor, { patch }: VitConfig): Tensor {
  const patches = conv2d(image, weights("patch_embed.proj.weight"), {
    bias: weights("patch_embed.proj.bias"),
    stride: patch,
  });
  return add(transpose(patches, [0, 2, 3, 1]), weights("pos_embed"));
}

/** @param global  set for a block that sees the whole grid */
function block(
  weights: Weights,
  x: Tensor,
  { heads, window }: VitConfig,
  global: { readonly queryBlock: number } | null,
): Tensor {
  const attended = windowAttention(scoped(weights, "attn."), norm(weights, "norm1", x, ENCODER_EPSILON), {
    heads,
    ...(global ?? { window }),
  });
  const y = add(x, attended);
  const hidden = gelu(dense(weights, "mlp.lin1", norm(weights, "norm2", y, ENCODER_EPSILON)));
  return add(y, dense(weights, "mlp.lin2", hidden));
}

/** [B, h, w, D] to [B, C, h, w] by a 1×1 and a 3×3 convolution without bias, each followed by a norm over channels. */
function neck(weights: Weights, x: Tensor): Tensor {
  const kernel = weights("neck.0.weight");
  const narrow = linear(x, reshape(kernel, kernel.shape.slice(0, 2)), { transposeWeight: true });
  const normed = transpose(norm(weights, "neck.1", narrow, ENCODER_EPSILON), [0, 3, 1, 2]);
  return norm(weights, "neck.3", conv2d(normed, weights("neck.2.weight"), { pad: 1 }), ENCODER_EPSILON, 1);
}
