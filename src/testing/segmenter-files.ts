import type { NdArray } from "../core/array.ts";
import { random } from "../core/random.ts";
import { writeSafetensors } from "../core/safetensors.ts";
import { tinyMobileNetTensors } from "../models/mobilenet/testing/tiny-mobilenet.ts";
import { drawSegmenter } from "../models/segmenter/initial.ts";
import type { SegmenterNetwork } from "../models/segmenter/network.ts";
import { imageNetNormalization } from "../models/segmenter/normalization.ts";
import { tinyNetworks, tinySegformer } from "../models/segmenter/testing/tiny-segmenter.ts";
import type { SegmenterDescription } from "../run/segmenter/segmenter-checkpoint.ts";
import { hashBytes } from "./tiny-model.ts";
import { writeTree } from "./tree.ts";

/** Of the tiny networks. */
export const tinyClasses: readonly string[] = ["background", "cat", "dog"];

/** Random weights that name several classes in any picture that is not of one color. */
export function drawTinyTensors(network: SegmenterNetwork): Map<string, NdArray<"float32">> {
  const { normal } = random("tiny segmenter");
  const tensors = drawSegmenter(network, random("tiny segmenter"));
  for (const [name, { shape, data }] of tensors)
    if (shape.length > 1) tensors.set(name, { dtype: "float32", shape, data: data.map(() => normal() / 2) });
  return tensors;
}

/**
 * Writes checkpoints of tiny networks of random weights: `segmenter.safetensors`, `light.safetensors` on `encoder.safetensors`, and the first one's
 * network as transformers saves it, in `published`, where its classes have no background.
 */
export function writeTinySegmenters(folder: string): void {
  const encoder = writeSafetensors(tinyMobileNetTensors());
  const name = `${folder}/encoder.safetensors`;
  const light = {
    ...tinyNetworks.light,
    encoder: { kind: "mobilenet", name, sha256: hashBytes(encoder) },
  } as SegmenterNetwork;
  const checkpoint = (network: SegmenterNetwork, mean: readonly number[]): Uint8Array => {
    const normalization = { ...imageNetNormalization, mean };
    const config: SegmenterDescription = {
      ...{ kind: "segmenter", network, classes: tinyClasses, normalization, side: 64, training: {} },
    };
    return writeSafetensors(drawTinyTensors(network), { config: JSON.stringify(config) });
  };
  const { dims, depths, heads, reductions, mlpRatio, decoderDim } = tinySegformer;
  const published = {
    model_type: "segformer",
    hidden_sizes: dims,
    depths,
    num_attention_heads: heads,
    sr_ratios: reductions,
    mlp_ratios: Array.from({ length: 4 }, () => mlpRatio),
    decoder_hidden_size: decoderDim,
    patch_sizes: [7, 3, 3, 3],
    strides: [4, 2, 2, 2],
    id2label: { "0": "wall", "1": "cat", "2": "dog" },
  };
  writeTree(folder, {
    "encoder.safetensors": encoder,
    "light.safetensors": checkpoint(light, [0.5, 0.5, 0.5]),
    "segmenter.safetensors": checkpoint(tinyNetworks.segformer, imageNetNormalization.mean),
    "published/config.json": JSON.stringify(published),
    "published/model.safetensors": writeSafetensors(drawTinyTensors(tinyNetworks.segformer)),
    "published/preprocessor_config.json": JSON.stringify({ size: { height: 64, width: 64 } }),
  });
}
