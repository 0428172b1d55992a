import { PATCHES, type SegformerConfig } from "./config.ts";

/** Every tensor of a configuration with its shape, by the names of Hugging Face's transformers. */
export function segformerTensors(config: SegformerConfig): Map<string, readonly number[]> {
  const { dims, depths, reductions, mlpRatio, decoderDim, classes } = config;
  const tensors = new Map<string, readonly number[]>();
  const layer = (name: string, shape: readonly number[], outputs = shape[0]): void => {
    tensors.set(`${name}.weight`, shape);
    tensors.set(`${name}.bias`, [outputs]);
  };
  for (const [stage, dim] of dims.entries()) {
    const { kernel } = PATCHES[stage];
    layer(`segformer.encoder.patch_embeddings.${stage}.proj`, [dim, dims[stage - 1] ?? 3, kernel, kernel]);
    layer(`segformer.encoder.patch_embeddings.${stage}.layer_norm`, [dim]);
    for (let i = 0; i < depths[stage]; i++) {
      const block = `segformer.encoder.block.${stage}.${i}`;
      const hidden = mlpRatio * dim;
      layer(`${block}.layer_norm_1`, [dim]);
      for (const part of ["query", "key", "value"]) layer(`${block}.attention.self.${part}`, [dim, dim]);
      if (reductions[stage] > 1) {
        layer(`${block}.attention.self.sr`, [dim, dim, reductions[stage], reductions[stage]]);
        layer(`${block}.attention.self.layer_norm`, [dim]);
      }
      layer(`${block}.attention.output.dense`, [dim, dim]);
      layer(`${block}.layer_norm_2`, [dim]);
      layer(`${block}.mlp.dense1`, [hidden, dim]);
      layer(`${block}.mlp.dwconv.dwconv`, [hidden, 1, 3, 3]);
      layer(`${block}.mlp.dense2`, [dim, hidden]);
    }
    layer(`segformer.encoder.layer_norm.${stage}`, [dim]);
    layer(`decode_head.linear_c.${stage}.proj`, [decoderDim, dim]);
  }
  tensors.set("decode_head.linear_fuse.weight", [decoderDim, dims.length * decoderDim, 1, 1]);
  layer("decode_head.batch_norm", [decoderDim]);
  tensors.set("decode_head.batch_norm.running_mean", [decoderDim]);
  tensors.set("decode_head.batch_norm.running_var", [decoderDim]);
  layer("decode_head.classifier", [classes, decoderDim, 1, 1]);
  return tensors;
}
