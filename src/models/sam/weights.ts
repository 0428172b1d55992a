import {
  type RenameRule,
  renameWeights,
  selectWeights,
  type Tensor,
  type WeightFile,
} from "../../engine/index.ts";
import type { EfficientSamConfig, SamConfig } from "./config.ts";
import { samTensors } from "./tensor-table.ts";

/** A network's weights by the names its authors gave them: constants of a graph, or inputs that are trained. */
export type Weights = (name: string) => Tensor;

/** The weights below a prefix. */
export function scoped(weights: Weights, prefix: string): Weights {
  return (name) => weights(prefix + name);
}

/**
 * The file with the official names and nothing but the tensors of a configuration, from a checkpoint of the authors or one of SAM that
 * Hugging Face's transformers wrote.
 *
 * @throws MaskwrightError NOT_FOUND or SHAPE_MISMATCH for a tensor that is missing or of another shape
 */
export function samWeights(file: WeightFile, config: SamConfig | EfficientSamConfig): WeightFile {
  const official = renameWeights(file, isTransformers(file) ? transformersRules(file) : authorsRules);
  return selectWeights(official, samTensors(config), "SAM");
}

/** EfficientSAM's checkpoints hold the network under the key "model". */
const authorsRules: readonly RenameRule[] = [{ match: /^model\./, to: "" }];

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
