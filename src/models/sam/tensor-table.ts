import {
  type EfficientSamConfig,
  type EncoderConfig,
  filterLength,
  gridSide,
  type HybridConfig,
  MASK_COUNT,
  type SamConfig,
  type VitConfig,
} from "./config.ts";
import { efficientSamEntries } from "./efficient-tensor-table.ts";
import { hybridEntries } from "./hybrid-tensor-table.ts";
import { PLACE_PLANES, PLACE_ROLES, PLACE_SCALES, PLACE_SIGNS } from "./prompt-places.ts";
import { layerEntries, neckEntries, type TensorEntry, twoWayEntries } from "./tensor-entries.ts";
import { tinyVitEntries } from "./tiny-vit-tensor-table.ts";

/** Every tensor of a configuration with its shape, by the official names. */
export function samTensors(config: SamConfig | EfficientSamConfig): Map<string, readonly number[]> {
  if (config.kind === "efficient-sam") return new Map(efficientSamEntries(config));
  const { encoder } = config;
  return new Map([
    ...encoderEntries(config),
    ...neckEntries(featureCount(encoder), config.dim),
    ...promptEntries(config),
    ...decoderEntries(config),
    ...(encoder.kind === "hybrid" ? fineEntries(config.dim, encoder) : []),
  ]);
}

function encoderEntries({ encoder, dim }: SamConfig): TensorEntry[] {
  switch (encoder.kind) {
    case "vit":
      return vitEntries(encoder);
    case "tiny-vit":
      return tinyVitEntries(encoder);
    case "hybrid":
      return hybridEntries(encoder, dim);
  }
}

/** Channels of what the neck reads. */
function featureCount(encoder: EncoderConfig): number {
  if (encoder.kind === "tiny-vit") return encoder.stages.at(-1)?.dim ?? 0;
  return encoder.kind === "hybrid" ? encoder.dim + 4 * encoder.convolutions[1].dim : encoder.dim;
}

function vitEntries(encoder: VitConfig): TensorEntry[] {
  const { dim, depth, heads, window, globalBlocks, mlpRatio, patch } = encoder;
  const grid = gridSide(encoder);
  const block = (i: number): TensorEntry[] => {
    const distances = 2 * (globalBlocks.includes(i) ? grid : window) - 1;
    const at = `image_encoder.blocks.${i}`;
    return [
      ...layerEntries(`${at}.norm1`, [dim]),
      ...layerEntries(`${at}.attn.qkv`, [3 * dim, dim]),
      ...layerEntries(`${at}.attn.proj`, [dim, dim]),
      [`${at}.attn.rel_pos_h`, [distances, dim / heads]],
      [`${at}.attn.rel_pos_w`, [distances, dim / heads]],
      ...layerEntries(`${at}.norm2`, [dim]),
      ...layerEntries(`${at}.mlp.lin1`, [mlpRatio * dim, dim]),
      ...layerEntries(`${at}.mlp.lin2`, [dim, mlpRatio * dim]),
    ];
  };
  return [
    ["image_encoder.pos_embed", [1, grid, grid, dim]],
    ...layerEntries("image_encoder.patch_embed.proj", [dim, 3, patch, patch]),
    ...Array.from({ length: depth }, (_, i) => block(i)).flat(),
  ];
}

function promptEntries({ dim, maskChannels }: SamConfig): TensorEntry[] {
  const token = (name: string): TensorEntry => [`prompt_encoder.${name}.weight`, [1, dim]];
  const mask = "prompt_encoder.mask_downscaling";
  return [
    ["prompt_encoder.pe_layer.positional_encoding_gaussian_matrix", [2, dim / 2]],
    ...[0, 1, 2, 3].map((k) => token(`point_embeddings.${k}`)),
    token("not_a_point_embed"),
    token("no_mask_embed"),
    ...layerEntries(`${mask}.0`, [maskChannels / 4, 1, 2, 2]),
    ...layerEntries(`${mask}.1`, [maskChannels / 4]),
    ...layerEntries(`${mask}.3`, [maskChannels, maskChannels / 4, 2, 2]),
    ...layerEntries(`${mask}.4`, [maskChannels]),
    ...layerEntries(`${mask}.6`, [dim, maskChannels, 1, 1]),
  ];
}

function decoderEntries(config: SamConfig): TensorEntry[] {
  const { dim, decoder } = config;
  const { depth, mlpDim, iouDim, placeDim } = decoder;
  const mlp = (i: number): TensorEntry[] => [
    ...layerEntries(`mask_decoder.transformer.layers.${i}.mlp.lin1`, [mlpDim, dim]),
    ...layerEntries(`mask_decoder.transformer.layers.${i}.mlp.lin2`, [dim, mlpDim]),
  ];
  const head = (name: string, inner: number, outputs: number): TensorEntry[] => [
    ...layerEntries(`mask_decoder.${name}.layers.0`, [inner, dim]),
    ...layerEntries(`mask_decoder.${name}.layers.1`, [inner, inner]),
    ...layerEntries(`mask_decoder.${name}.layers.2`, [outputs, inner]),
  ];
  return [
    ["mask_decoder.iou_token.weight", [1, dim]],
    ["mask_decoder.mask_tokens.weight", [MASK_COUNT, dim]],
    ...(placeDim === undefined ? [] : placeEntries(dim, placeDim)),
    ...twoWayEntries(dim, depth),
    ...Array.from({ length: depth }, (_, i) => mlp(i)).flat(),
    ...layerEntries("mask_decoder.output_upscaling.0", [dim, dim / 4, 2, 2], dim / 4),
    ...layerEntries("mask_decoder.output_upscaling.1", [dim / 4]),
    ...layerEntries("mask_decoder.output_upscaling.3", [dim / 4, dim / 8, 2, 2], dim / 8),
    ...Array.from({ length: MASK_COUNT }, (_, m) =>
      head(`output_hypernetworks_mlps.${m}`, dim, filterLength(config)),
    ).flat(),
    ...head("iou_prediction_head", iouDim, MASK_COUNT),
  ];
}

function placeEntries(dim: number, inner: number): TensorEntry[] {
  const at = "mask_decoder.places";
  return [
    [`${at}.scale.weight`, [1, PLACE_SCALES]],
    [`${at}.cells.weight`, [PLACE_ROLES, PLACE_SIGNS, dim]],
    [`${at}.cells.bias`, [PLACE_ROLES, dim]],
    [`${at}.pixels.weight`, [PLACE_ROLES, PLACE_SIGNS, dim / 8 + PLACE_PLANES]],
    [`${at}.pixels.bias`, [PLACE_ROLES, dim / 8 + PLACE_PLANES]],
    ...layerEntries(`${at}.norm`, [dim]),
    ...layerEntries(`${at}.lin1`, [inner, dim]),
    ...layerEntries(`${at}.lin2`, [dim, inner]),
  ];
}

function fineEntries(
  dim: number,
  { dim: encoderDim, convolutions: [quarter, eighth] }: HybridConfig,
): TensorEntry[] {
  return [
    ...layerEntries("mask_decoder.conv_s0", [dim / 8, quarter.dim, 1, 1]),
    ...layerEntries("mask_decoder.conv_s1", [dim / 4, eighth.dim, 1, 1]),
    ...layerEntries("mask_decoder.looks.quarter", [32, quarter.dim, 1, 1]),
    ...layerEntries("mask_decoder.looks.eighth", [32, eighth.dim, 1, 1]),
    ...layerEntries("mask_decoder.looks.cells", [32, encoderDim + 4 * eighth.dim]),
    ...layerEntries("mask_decoder.looks.norm", [32]),
    ["mask_decoder.looks.weight", [1]],
  ];
}
