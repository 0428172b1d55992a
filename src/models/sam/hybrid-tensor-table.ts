import type { HybridConfig } from "./config.ts";
import { layerEntries, type TensorEntry } from "./tensor-entries.ts";

/**
 * The encoder's tensors, without its neck.
 *
 * @param width  of the position code
 */
export function hybridEntries(
  { stem, convolutions, dim, depth }: HybridConfig,
  width: number,
): TensorEntry[] {
  const convolution = (name: string, inputs: number, outputs: number): TensorEntry[] =>
    layerEntries(`image_encoder.${name}`, [outputs, inputs, 3, 3]);
  return [
    ...convolution("stem", 3, stem),
    ...convolutions.flatMap((stage, s) => [
      ...convolution(`stages.${s}.downsample`, s === 0 ? stem : convolutions[s - 1].dim, stage.dim),
      ...Array.from({ length: stage.depth }, (_, i) =>
        ["conv1", "conv2"].flatMap((name) =>
          convolution(`stages.${s}.blocks.${i}.${name}`, stage.dim, stage.dim),
        ),
      ).flat(),
    ]),
    ...convolution("downsample", convolutions[1].dim, dim),
    ...layerEntries("image_encoder.position", [dim, width]),
    ...Array.from({ length: depth }, (_, i) => {
      const at = `image_encoder.blocks.${i}`;
      return [
        ...layerEntries(`${at}.norm1`, [dim]),
        ...["q_proj", "k_proj", "v_proj", "out_proj"].flatMap((name) =>
          layerEntries(`${at}.attn.${name}`, [dim, dim]),
        ),
        ...layerEntries(`${at}.norm2`, [dim]),
        ...convolution(`blocks.${i}.conv`, dim, dim),
        ...layerEntries(`${at}.proj`, [dim, dim]),
      ];
    }).flat(),
  ];
}
