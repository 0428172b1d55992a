import { renameWeights, selectWeights, type WeightFile } from "../../engine/index.ts";
import { layerEntries, type TensorEntry } from "../sam/tensor-entries.ts";
import { type ClipConfig, MLP_RATIO, trainedGrid } from "./config.ts";
import { joinRows, transposeStored } from "./derived-tensors.ts";

/** Every tensor of a configuration with its shape, by the official names. */
export function clipTensors({ vision, text, dim }: ClipConfig): Map<string, readonly number[]> {
  return new Map([
    ["visual.class_embedding", [vision.dim]],
    ["visual.conv1.weight", [vision.dim, 3, vision.patch, vision.patch]],
    ["visual.positional_embedding", [trainedGrid(vision) ** 2 + 1, vision.dim]],
    ...layerEntries("visual.ln_pre", [vision.dim]),
    ...blocks("visual.transformer", vision),
    ...layerEntries("visual.ln_post", [vision.dim]),
    ["visual.proj", [vision.dim, dim]],
    ["token_embedding.weight", [text.vocabulary, text.dim]],
    ["positional_embedding", [text.context, text.dim]],
    ...blocks("transformer", text),
    ...layerEntries("ln_final", [text.dim]),
    ["text_projection", [text.dim, dim]],
    ["logit_scale", []],
  ]);
}

function blocks(
  name: string,
  { dim, depth }: { readonly dim: number; readonly depth: number },
): TensorEntry[] {
  const block = (i: number): TensorEntry[] => {
    const at = `${name}.resblocks.${i}`;
    return [
      ...layerEntries(`${at}.ln_1`, [dim]),
      [`${at}.attn.in_proj_weight`, [3 * dim, dim]],
      [`${at}.attn.in_proj_bias`, [3 * dim]],
      ...layerEntries(`${at}.attn.out_proj`, [dim, dim]),
      ...layerEntries(`${at}.ln_2`, [dim]),
      ...layerEntries(`${at}.mlp.c_fc`, [MLP_RATIO * dim, dim]),
      ...layerEntries(`${at}.mlp.c_proj`, [dim, MLP_RATIO * dim]),
    ];
  };
  return Array.from({ length: depth }, (_, i) => block(i)).flat();
}

/**
 * The file with the official names and nothing but the tensors of a configuration: from OpenAI's archive or state dict, or from what
 * Hugging Face's transformers wrote, where queries, keys and values are apart and projections lie the other way round.
 *
 * @throws MaskwrightError NOT_FOUND or SHAPE_MISMATCH for a tensor that is missing or of another shape
 */
export function clipWeights(file: WeightFile, config: ClipConfig): WeightFile {
  return selectWeights(isTransformers(file) ? fromTransformers(file) : file, clipTensors(config), "CLIP");
}

function isTransformers({ tensors }: WeightFile): boolean {
  return tensors.has("visual_projection.weight");
}

/** @see transformers, `models/clip/convert_clip_original_pytorch_to_hf.py`, read backwards */
function fromTransformers(file: WeightFile): WeightFile {
  const { tensors: renamed, ...rest } = renameWeights(file, [
    { match: /\.position_ids$/, to: null },
    { match: /^text_model\.embeddings\.token_embedding\./, to: "token_embedding." },
    { match: /^text_model\.embeddings\.position_embedding\.weight$/, to: "positional_embedding" },
    { match: /^text_model\.final_layer_norm\./, to: "ln_final." },
    { match: /^text_model\.encoder\.layers\./, to: "transformer.resblocks." },
    { match: /^vision_model\.embeddings\.class_embedding$/, to: "visual.class_embedding" },
    { match: /^vision_model\.embeddings\.patch_embedding\./, to: "visual.conv1." },
    { match: /^vision_model\.embeddings\.position_embedding\.weight$/, to: "visual.positional_embedding" },
    // Its name there is misspelt.
    { match: /^vision_model\.pre_layrnorm\./, to: "visual.ln_pre." },
    { match: /^vision_model\.post_layernorm\./, to: "visual.ln_post." },
    { match: /^vision_model\.encoder\.layers\./, to: "visual.transformer.resblocks." },
    { match: /\.self_attn\./, to: ".attn." },
    { match: /\.layer_norm(\d)\./, to: ".ln_$1." },
    { match: /\.mlp\.fc1\./, to: ".mlp.c_fc." },
    { match: /\.mlp\.fc2\./, to: ".mlp.c_proj." },
  ]);
  const tensors = new Map(renamed);
  for (const [name, tensor] of renamed) {
    const part = /^(.*\.attn\.)q_proj\.(weight|bias)$/.exec(name);
    if (part === null) continue;
    const [, prefix, kind] = part;
    const keys = renamed.get(`${prefix}k_proj.${kind}`);
    const values = renamed.get(`${prefix}v_proj.${kind}`);
    if (keys !== undefined && values !== undefined)
      tensors.set(`${prefix}in_proj_${kind}`, joinRows([tensor, keys, values], file.where));
  }
  for (const [name, from] of [
    ["visual.proj", "visual_projection.weight"],
    ["text_projection", "text_projection.weight"],
  ]) {
    const tensor = renamed.get(from);
    if (tensor !== undefined) tensors.set(name, transposeStored(tensor, file.where));
  }
  return { ...rest, tensors };
}
