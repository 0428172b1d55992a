import { type EfficientSamConfig, MASK_COUNT } from "./config.ts";
import { layerEntries, neckEntries, type TensorEntry, twoWayEntries } from "./tensor-entries.ts";

/** Every tensor of an EfficientSAM. */
export function efficientSamEntries(config: EfficientSamConfig): TensorEntry[] {
  return [...encoderEntries(config), ...promptEntries(config.dim), ...decoderEntries(config)];
}

function encoderEntries({ encoder, dim: out }: EfficientSamConfig): TensorEntry[] {
  const { dim, depth, mlpRatio, patch, positionSide } = encoder;
  const block = (i: number): TensorEntry[] => {
    const at = `image_encoder.blocks.${i}`;
    return [
      ...layerEntries(`${at}.norm1`, [dim]),
      ...layerEntries(`${at}.attn.qkv`, [3 * dim, dim]),
      ...layerEntries(`${at}.attn.proj`, [dim, dim]),
      ...layerEntries(`${at}.norm2`, [dim]),
      ...layerEntries(`${at}.mlp.fc1`, [mlpRatio * dim, dim]),
      ...layerEntries(`${at}.mlp.fc2`, [dim, mlpRatio * dim]),
    ];
  };
  return [
    ["image_encoder.pos_embed", [1, positionSide ** 2 + 1, dim]],
    ...layerEntries("image_encoder.patch_embed.proj", [dim, 3, patch, patch]),
    ...Array.from({ length: depth }, (_, i) => block(i)).flat(),
    ...neckEntries(dim, out),
  ];
}

function promptEntries(dim: number): TensorEntry[] {
  const learned = [
    "invalid_points",
    "point_embeddings",
    "bbox_top_left_embeddings",
    "bbox_bottom_right_embeddings",
  ];
  return [
    ["prompt_encoder.pe_layer.positional_encoding_gaussian_matrix", [2, dim / 2]],
    ...learned.map((name): TensorEntry => [`prompt_encoder.${name}.weight`, [1, dim]]),
  ];
}

function decoderEntries({ dim, decoder }: EfficientSamConfig): TensorEntry[] {
  const { depth, mlpDim, iouDim, upscaling } = decoder;
  const [first, second] = upscaling;
  const own = "mask_decoder";
  const mlp = (name: string, inner: number, hidden: number, outputs: number): TensorEntry[] => [
    ...Array.from({ length: hidden }, (_, k) =>
      layerEntries(`${own}.${name}.layers.${k}.0`, [inner, k === 0 ? dim : inner]),
    ).flat(),
    ...layerEntries(`${own}.${name}.fc`, [outputs, inner]),
  ];
  const layers = Array.from({ length: depth }, (_, i) => `transformer.layers.${i}.mlp`);
  const hypernetworks = Array.from({ length: MASK_COUNT }, (_, m) => `output_hypernetworks_mlps.${m}`);
  return [
    [`${own}.iou_token.weight`, [1, dim]],
    [`${own}.mask_tokens.weight`, [MASK_COUNT, dim]],
    ...twoWayEntries(dim, depth),
    ...layers.flatMap((name) => mlp(name, mlpDim, 1, dim)),
    ...layerEntries(`${own}.final_output_upscaling_layers.0.0`, [dim, first, 2, 2], first),
    ...layerEntries(`${own}.final_output_upscaling_layers.0.1`, [first]),
    ...layerEntries(`${own}.final_output_upscaling_layers.1.0`, [first, second, 2, 2], second),
    ...hypernetworks.flatMap((name) => mlp(name, dim, 2, second)),
    ...mlp("iou_prediction_head", iouDim, 2, MASK_COUNT),
  ];
}
