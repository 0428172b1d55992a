import {
  add,
  attention,
  constant,
  gather,
  gelu,
  reshape,
  type Tensor,
  transpose,
} from "../../engine/index.ts";
import { downsamplingStride, type TinyVitConfig, type TinyVitStage } from "./config.ts";
import { foldedConv } from "./folded-conv.ts";
import { dense, norm } from "./layers.ts";
import { scoped, type Weights } from "./weights.ts";
import { joinWindows, layWindows, splitWindows } from "./windows.ts";

/** PyTorch's default; the neck's norms have SAM's 1e-6. */
const EPSILON = 1e-5;

/**
 * The features of pictures, which the neck makes an embedding of.
 *
 * @param image  [B, 3, S, S]
 * @returns      [B, S/16, S/16, D]
 * @see Wu et al. 2022 (TinyViT), section 3.2; MobileSAM, `tiny_vit_sam.py`, `TinyViT`
 */
export function encodeTinyVit(weights: Weights, image: Tensor, config: TinyVitConfig): Tensor {
  const { convolutions, stages } = config;
  const stem = gelu(foldedConv(weights, "patch_embed.seq.0", image, { stride: 2 }));
  let map = foldedConv(weights, "patch_embed.seq.2", stem, { stride: 2 });
  for (let i = 0; i < convolutions.depth; i++)
    map = invertedBottleneck(scoped(weights, `layers.0.blocks.${i}.`), map);
  for (const [s, stage] of stages.entries()) {
    const smaller = downsample(scoped(weights, `layers.${s}.downsample.`), map, stage.dim);
    let tokens = transpose(smaller, [0, 2, 3, 1]);
    for (let i = 0; i < stage.depth; i++)
      tokens = block(scoped(weights, `layers.${s + 1}.blocks.${i}.`), tokens, stage);
    map = transpose(tokens, [0, 3, 1, 2]);
  }
  return transpose(map, [0, 2, 3, 1]);
}

/** MBConv: wider by a 1×1 convolution, a depthwise one, and back; GELU after the sum too. */
function invertedBottleneck(weights: Weights, x: Tensor): Tensor {
  const wide = gelu(foldedConv(weights, "conv1", x));
  const mixed = gelu(foldedConv(weights, "conv2", wide, { depthwise: true }));
  return gelu(add(foldedConv(weights, "conv3", mixed), x));
}

/** Between two stages: a 1×1 convolution to the new number of channels, a depthwise one with the stride, and a 1×1 one. */
function downsample(weights: Weights, x: Tensor, dim: number): Tensor {
  const wide = gelu(foldedConv(weights, "conv1", x));
  const mixed = gelu(
    foldedConv(weights, "conv2", wide, { stride: downsamplingStride(dim), depthwise: true }),
  );
  return foldedConv(weights, "conv3", mixed);
}

/** Attention inside windows, a depthwise convolution in place of the sum with anything, and an MLP: [B, H, W, D]. */
function block(weights: Weights, x: Tensor, stage: TinyVitStage): Tensor {
  const attended = add(x, attend(scoped(weights, "attn."), x, stage));
  const map = foldedConv(weights, "local_conv", transpose(attended, [0, 3, 1, 2]), { depthwise: true });
  const local = transpose(map, [0, 2, 3, 1]);
  const hidden = gelu(dense(weights, "mlp.fc1", norm(weights, "mlp.norm", local, EPSILON)));
  return add(local, dense(weights, "mlp.fc2", hidden));
}

/**
 * Attention inside windows with a learned bias for every distance in rows and columns.
 *
 * The norm is part of it, so padding, which is zeros and not masked, becomes the norm's bias: what the projection makes of that is put
 * in its place.
 *
 * @param x  [B, H, W, D]
 */
function attend(weights: Weights, x: Tensor, { heads, window }: TinyVitStage): Tensor {
  const [batch, , , dim] = x.shape as readonly number[];
  const windows = layWindows(x, { height: window, width: window });
  const padding = dense(weights, "qkv", reshape(weights("norm.bias"), [1, dim]));
  const tokens = dense(weights, "qkv", norm(weights, "norm", x, EPSILON));
  const parts = splitWindows(tokens, windows, { heads, padding, byHead: true });
  const [q, k, v] = parts.map((part) => reshape(part, [-1, heads, window * window, dim / heads]));
  const bias = distanceBiases(weights("attention_biases"), window);
  const attended = attention(q, k, v, { bias });
  const count = batch * windows.rows * windows.columns * heads;
  return dense(
    weights,
    "proj",
    joinWindows(reshape(attended, [count, window * window, dim / heads]), windows, heads),
  );
}

/**
 * [heads, window² distances] as [heads, window², window²]: for every query and key the bias of their distance. Distances are numbered
 * as they are first met, which is row by row.
 */
function distanceBiases(table: Tensor, window: number): Tensor {
  const count = window * window;
  const indices = Int32Array.from({ length: count * count }, (_, p) => {
    const [query, key] = [Math.floor(p / count), p % count];
    const rows = Math.abs(Math.floor(query / window) - Math.floor(key / window));
    return rows * window + Math.abs((query % window) - (key % window));
  });
  return gather(table, constant(table.graph, indices, { shape: [count, count] }), 1);
}
