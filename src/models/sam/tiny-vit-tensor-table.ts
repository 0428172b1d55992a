import { EXPANSION, type TinyVitConfig, type TinyVitStage } from "./config.ts";
import { layerEntries, type TensorEntry } from "./tensor-entries.ts";

/** The encoder's tensors, without its neck and without the classifier's head that the authors' file has and nothing uses. */
export function tinyVitEntries({ convolutions, stages, mlpRatio }: TinyVitConfig): TensorEntry[] {
  const { dim, depth } = convolutions;
  const wide = EXPANSION * dim;
  const bottleneck = (i: number): TensorEntry[] => {
    const at = `layers.0.blocks.${i}`;
    return [
      ...convEntries(`${at}.conv1`, [wide, dim, 1, 1]),
      ...convEntries(`${at}.conv2`, [wide, 1, 3, 3]),
      ...convEntries(`${at}.conv3`, [dim, wide, 1, 1]),
    ];
  };
  return [
    ...convEntries("patch_embed.seq.0", [dim / 2, 3, 3, 3]),
    ...convEntries("patch_embed.seq.2", [dim, dim / 2, 3, 3]),
    ...Array.from({ length: depth }, (_, i) => bottleneck(i)).flat(),
    ...stages.flatMap((stage, s) => [
      ...downsampleEntries(`layers.${s}.downsample`, s === 0 ? dim : stages[s - 1].dim, stage.dim),
      ...Array.from({ length: stage.depth }, (_, i) =>
        blockEntries(`layers.${s + 1}.blocks.${i}`, stage, mlpRatio),
      ).flat(),
    ]),
  ];
}

function downsampleEntries(at: string, inputs: number, outputs: number): TensorEntry[] {
  return [
    ...convEntries(`${at}.conv1`, [outputs, inputs, 1, 1]),
    ...convEntries(`${at}.conv2`, [outputs, 1, 3, 3]),
    ...convEntries(`${at}.conv3`, [outputs, outputs, 1, 1]),
  ];
}

function blockEntries(at: string, { dim, heads, window }: TinyVitStage, mlpRatio: number): TensorEntry[] {
  const own = `image_encoder.${at}`;
  return [
    [`${own}.attn.attention_biases`, [heads, window * window]],
    ...layerEntries(`${own}.attn.norm`, [dim]),
    ...layerEntries(`${own}.attn.qkv`, [3 * dim, dim]),
    ...layerEntries(`${own}.attn.proj`, [dim, dim]),
    ...convEntries(`${at}.local_conv`, [dim, 1, 3, 3]),
    ...layerEntries(`${own}.mlp.norm`, [dim]),
    ...layerEntries(`${own}.mlp.fc1`, [mlpRatio * dim, dim]),
    ...layerEntries(`${own}.mlp.fc2`, [dim, mlpRatio * dim]),
  ];
}

/** A convolution without bias and its batch norm. */
function convEntries(name: string, kernel: readonly number[]): TensorEntry[] {
  const at = `image_encoder.${name}`;
  return [
    [`${at}.c.weight`, kernel],
    ...["weight", "bias", "running_mean", "running_var"].map(
      (part): TensorEntry => [`${at}.bn.${part}`, [kernel[0]]],
    ),
  ];
}
