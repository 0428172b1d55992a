import { MaskwrightError } from "../../core/error.ts";
import {
  formatShape,
  type RenameRule,
  renameWeights,
  type Tensor,
  type WeightFile,
} from "../../engine/index.ts";
import { gridSide, MASK_COUNT, type SamConfig } from "./config.ts";

/** A network's weights by the names its authors gave them: constants of a graph, or inputs that are trained. */
export type Weights = (name: string) => Tensor;

/** The weights below a prefix. */
export function scoped(weights: Weights, prefix: string): Weights {
  return (name) => weights(prefix + name);
}

/** Every tensor of a configuration with its shape, by the official names. */
export function samTensors(config: SamConfig): Map<string, readonly number[]> {
  return new Map([...encoderTensors(config), ...promptTensors(config), ...decoderTensors(config)]);
}

type Entry = readonly [name: string, shape: readonly number[]];

function layer(name: string, weight: readonly number[], outputs = weight[0]): Entry[] {
  return [
    [`${name}.weight`, weight],
    [`${name}.bias`, [outputs]],
  ];
}

function encoderTensors({ encoder, dim: out }: SamConfig): Entry[] {
  const { dim, depth, heads, window, globalBlocks, mlpRatio, patch } = encoder;
  const grid = gridSide(encoder);
  const block = (i: number): Entry[] => {
    const distances = 2 * (globalBlocks.includes(i) ? grid : window) - 1;
    const at = `image_encoder.blocks.${i}`;
    return [
      ...layer(`${at}.norm1`, [dim]),
      ...layer(`${at}.attn.qkv`, [3 * dim, dim]),
      ...layer(`${at}.attn.proj`, [dim, dim]),
      [`${at}.attn.rel_pos_h`, [distances, dim / heads]],
      [`${at}.attn.rel_pos_w`, [distances, dim / heads]],
      ...layer(`${at}.norm2`, [dim]),
      ...layer(`${at}.mlp.lin1`, [mlpRatio * dim, dim]),
      ...layer(`${at}.mlp.lin2`, [dim, mlpRatio * dim]),
    ];
  };
  return [
    ["image_encoder.pos_embed", [1, grid, grid, dim]],
    ...layer("image_encoder.patch_embed.proj", [dim, 3, patch, patch]),
    ...Array.from({ length: depth }, (_, i) => block(i)).flat(),
    ["image_encoder.neck.0.weight", [out, dim, 1, 1]],
    ...layer("image_encoder.neck.1", [out]),
    ["image_encoder.neck.2.weight", [out, out, 3, 3]],
    ...layer("image_encoder.neck.3", [out]),
  ];
}

function promptTensors({ dim, maskChannels }: SamConfig): Entry[] {
  const token = (name: string): Entry => [`prompt_encoder.${name}.weight`, [1, dim]];
  const mask = "prompt_encoder.mask_downscaling";
  return [
    ["prompt_encoder.pe_layer.positional_encoding_gaussian_matrix", [2, dim / 2]],
    ...[0, 1, 2, 3].map((k) => token(`point_embeddings.${k}`)),
    token("not_a_point_embed"),
    token("no_mask_embed"),
    ...layer(`${mask}.0`, [maskChannels / 4, 1, 2, 2]),
    ...layer(`${mask}.1`, [maskChannels / 4]),
    ...layer(`${mask}.3`, [maskChannels, maskChannels / 4, 2, 2]),
    ...layer(`${mask}.4`, [maskChannels]),
    ...layer(`${mask}.6`, [dim, maskChannels, 1, 1]),
  ];
}

function decoderTensors({ dim, decoder }: SamConfig): Entry[] {
  const { depth, mlpDim, iouDim } = decoder;
  const attention = (name: string, inner: number): Entry[] => [
    ...["q_proj", "k_proj", "v_proj"].flatMap((part) => layer(`${name}.${part}`, [inner, dim])),
    ...layer(`${name}.out_proj`, [dim, inner]),
  ];
  const block = (i: number): Entry[] => {
    const at = `mask_decoder.transformer.layers.${i}`;
    return [
      ...attention(`${at}.self_attn`, dim),
      ...attention(`${at}.cross_attn_token_to_image`, dim / 2),
      ...attention(`${at}.cross_attn_image_to_token`, dim / 2),
      ...layer(`${at}.mlp.lin1`, [mlpDim, dim]),
      ...layer(`${at}.mlp.lin2`, [dim, mlpDim]),
      ...[1, 2, 3, 4].flatMap((k) => layer(`${at}.norm${k}`, [dim])),
    ];
  };
  const head = (name: string, inner: number, outputs: number): Entry[] => [
    ...layer(`mask_decoder.${name}.layers.0`, [inner, dim]),
    ...layer(`mask_decoder.${name}.layers.1`, [inner, inner]),
    ...layer(`mask_decoder.${name}.layers.2`, [outputs, inner]),
  ];
  const masks = Array.from({ length: MASK_COUNT }, (_, m) => m);
  return [
    ["mask_decoder.iou_token.weight", [1, dim]],
    ["mask_decoder.mask_tokens.weight", [MASK_COUNT, dim]],
    ...Array.from({ length: depth }, (_, i) => block(i)).flat(),
    ...attention("mask_decoder.transformer.final_attn_token_to_image", dim / 2),
    ...layer("mask_decoder.transformer.norm_final_attn", [dim]),
    ...layer("mask_decoder.output_upscaling.0", [dim, dim / 4, 2, 2], dim / 4),
    ...layer("mask_decoder.output_upscaling.1", [dim / 4]),
    ...layer("mask_decoder.output_upscaling.3", [dim / 4, dim / 8, 2, 2], dim / 8),
    ...masks.flatMap((m) => head(`output_hypernetworks_mlps.${m}`, dim, dim / 8)),
    ...head("iou_prediction_head", iouDim, MASK_COUNT),
  ];
}

/**
 * The file with the official names and nothing but the tensors of a configuration, from a checkpoint of the authors or one that
 * Hugging Face's transformers wrote.
 *
 * @throws MaskwrightError NOT_FOUND or SHAPE_MISMATCH for a tensor that is missing or of another shape
 */
export function samWeights(file: WeightFile, config: SamConfig): WeightFile {
  const official = isTransformers(file) ? renameWeights(file, transformersRules(file)) : file;
  const tensors = new Map<string, WeightFile["tensors"] extends ReadonlyMap<string, infer T> ? T : never>();
  for (const [name, shape] of samTensors(config)) {
    const tensor = official.tensors.get(name);
    const expected = `"${name}" ${formatShape(shape)}`;
    const hint = "these are the weights of another model, or of SAM in another size";
    if (tensor === undefined)
      throw new MaskwrightError("NOT_FOUND", `${file.where}: expected ${expected}, got none`, { hint });
    if (formatShape(tensor.shape) !== formatShape(shape)) {
      const got = formatShape(tensor.shape);
      throw new MaskwrightError("SHAPE_MISMATCH", `${file.where}: expected ${expected}, got ${got}`, {
        hint,
      });
    }
    tensors.set(name, tensor);
  }
  return { ...official, tensors };
}

function isTransformers({ tensors }: WeightFile): boolean {
  return tensors.has("vision_encoder.pos_embed");
}

const GAUSSIAN = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix";

/** @see transformers, `models/sam/convert_sam_to_hf.py`, read backwards */
function transformersRules({ tensors }: WeightFile): RenameRule[] {
  const own = "prompt_encoder.shared_embedding.positional_embedding";
  return [
    // The matrix of positions has two names there; a file holds it under one or both.
    { match: /^shared_image_embedding\.positional_embedding$/, to: tensors.has(own) ? null : GAUSSIAN },
    { match: /^prompt_encoder\.shared_embedding\.positional_embedding$/, to: GAUSSIAN },
    { match: /^vision_encoder\.layers\./, to: "image_encoder.blocks." },
    { match: /^vision_encoder\./, to: "image_encoder." },
    { match: /\bpatch_embed\.projection\./, to: "patch_embed.proj." },
    { match: /\bneck\.conv1\./, to: "neck.0." },
    { match: /\bneck\.layer_norm1\./, to: "neck.1." },
    { match: /\bneck\.conv2\./, to: "neck.2." },
    { match: /\bneck\.layer_norm2\./, to: "neck.3." },
    { match: /\bpoint_embed\./, to: "point_embeddings." },
    { match: /\bmask_embed\.conv1\./, to: "mask_downscaling.0." },
    { match: /\bmask_embed\.layer_norm1\./, to: "mask_downscaling.1." },
    { match: /\bmask_embed\.conv2\./, to: "mask_downscaling.3." },
    { match: /\bmask_embed\.layer_norm2\./, to: "mask_downscaling.4." },
    { match: /\bmask_embed\.conv3\./, to: "mask_downscaling.6." },
    { match: /\bupscale_conv1\./, to: "output_upscaling.0." },
    { match: /\bupscale_layer_norm\./, to: "output_upscaling.1." },
    { match: /\bupscale_conv2\./, to: "output_upscaling.3." },
    // The middle layer of a head is "layers.0" there, so it moves before the first one takes that name.
    { match: /(_head|_mlps\.\d+)\.layers\.0\./, to: "$1.layers.1." },
    { match: /(_head|_mlps\.\d+)\.proj_in\./, to: "$1.layers.0." },
    { match: /(_head|_mlps\.\d+)\.proj_out\./, to: "$1.layers.2." },
    { match: /\blayer_norm_final_attn\./, to: "norm_final_attn." },
    { match: /\.layer_norm(\d)\./, to: ".norm$1." },
  ];
}
