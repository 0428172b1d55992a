import type { NdArray } from "../../core/array.ts";
import { type ClipConfig, MLP_RATIO } from "../../models/clip/config.ts";

/** How much of the mean the last block adds. */
const SHARE = 2;

/** The network without its last block, which is not learned. */
export function learnedConfig({ vision, ...rest }: ClipConfig): ClipConfig {
  return { ...rest, vision: { ...vision, depth: vision.depth - 1 } };
}

/**
 * A last block that adds to each token the mean of all, scaled as they are scaled before they are compared with texts: it changes little of
 * what the picture is like, and says by its gradient which patches are alike a text. CAMs are such gradients; where the blocks before have
 * already written all into their tokens, that of a learned block says nothing.
 *
 * @param tensors  the network of `learnedConfig(config)`
 * @returns        that of `config`
 */
export function appendMeanBlock(
  tensors: ReadonlyMap<string, NdArray>,
  { vision: { dim, depth } }: ClipConfig,
): Map<string, NdArray> {
  const zeros = (...shape: number[]): NdArray<"float32"> => {
    return { dtype: "float32", shape, data: new Float32Array(shape.reduce((a, b) => a * b)) };
  };
  const filled = ({ shape, data }: NdArray<"float32">, value: number): NdArray<"float32"> => {
    return { dtype: "float32", shape, data: data.fill(value) };
  };
  /** `value` on a diagonal that starts in the given row. */
  const diagonal = (rows: number, first: number, value: number): NdArray<"float32"> => {
    const matrix = zeros(rows, dim);
    for (let k = 0; k < dim; k++) matrix.data[(first + k) * dim + k] = value;
    return matrix;
  };
  const hidden = MLP_RATIO * dim;
  const own: Readonly<Record<string, NdArray>> = {
    "ln_1.weight": tensors.get("visual.ln_post.weight") as NdArray,
    "ln_1.bias": zeros(dim),
    // No queries and keys: attention is the same for all tokens. Values are the tokens themselves.
    "attn.in_proj_weight": diagonal(3 * dim, 2 * dim, 1),
    "attn.in_proj_bias": zeros(3 * dim),
    "attn.out_proj.weight": diagonal(dim, 0, SHARE),
    "attn.out_proj.bias": zeros(dim),
    "ln_2.weight": filled(zeros(dim), 1),
    "ln_2.bias": zeros(dim),
    "mlp.c_fc.weight": zeros(hidden, dim),
    "mlp.c_fc.bias": zeros(hidden),
    "mlp.c_proj.weight": zeros(dim, hidden),
    "mlp.c_proj.bias": zeros(dim),
  };
  const complete = new Map(tensors);
  for (const [name, tensor] of Object.entries(own))
    complete.set(`visual.transformer.resblocks.${depth - 1}.${name}`, tensor);
  return complete;
}
