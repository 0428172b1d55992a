import { cubic, pointWeights } from "../../core/resample.ts";
import {
  add,
  constant,
  conv2d,
  type Graph,
  gelu,
  matmul,
  reshape,
  slice,
  split,
  type Tensor,
  transpose,
} from "../../engine/index.ts";
import { boundedAttention } from "./bounded-attention.ts";
import { gridSide, type PlainVitConfig } from "./config.ts";
import { dense, ENCODER_EPSILON, mergeHeads, norm } from "./layers.ts";
import { scoped, type Weights } from "./weights.ts";

/**
 * The features of pictures, which the neck makes an embedding of.
 *
 * @param image   [B, 3, S, S]
 * @param scores  see `boundedAttention`
 * @returns       [B, S/patch, S/patch, D]
 * @see EfficientSAM, `efficient_sam_encoder.py`, `ImageEncoderViT`
 */
export function encodePlainVit(
  weights: Weights,
  image: Tensor,
  config: PlainVitConfig,
  scores: number,
): Tensor {
  const grid = gridSide(config);
  const patches = conv2d(image, weights("patch_embed.proj.weight"), {
    bias: weights("patch_embed.proj.bias"),
    stride: config.patch,
  });
  const placed = add(transpose(patches, [0, 2, 3, 1]), absolutePositions(weights("pos_embed"), grid));
  let x = reshape(placed, [-1, grid * grid, config.dim]);
  for (let i = 0; i < config.depth; i++) x = block(scoped(weights, `blocks.${i}.`), x, config.heads, scores);
  return reshape(x, [-1, grid, grid, config.dim]);
}

/** [B, N, D] */
function block(weights: Weights, x: Tensor, heads: number, scores: number): Tensor {
  const normed = norm(weights, "norm1", x, ENCODER_EPSILON);
  const y = add(x, attend(scoped(weights, "attn."), normed, heads, scores));
  const hidden = gelu(dense(weights, "mlp.fc1", norm(weights, "norm2", y, ENCODER_EPSILON)));
  return add(y, dense(weights, "mlp.fc2", hidden));
}

function attend(weights: Weights, x: Tensor, heads: number, scores: number): Tensor {
  const [batch, count, dim] = x.shape as readonly number[];
  const apart = reshape(dense(weights, "qkv", x), [batch, count, 3, heads, dim / heads]);
  const [q, k, v] = split(transpose(apart, [2, 0, 3, 1, 4]), 0, 3).map((part) =>
    reshape(part, [batch * heads, count, dim / heads]),
  );
  const attended = reshape(boundedAttention(q, k, v, { scores }), [batch, heads, count, dim / heads]);
  return dense(weights, "proj", mergeHeads(attended));
}

/**
 * Positions that were learned on a coarser grid, stretched bicubically to the grid: [1, g, g, D].
 *
 * @param table  [1, 1 + side², D], the first for a class token that is no more
 */
export function absolutePositions(table: Tensor, grid: number): Tensor {
  const [, count, dim] = table.shape as readonly number[];
  const side = Math.sqrt(count - 1);
  const stretch = bicubicMatrix(table.graph, side, grid);
  const rows = matmul(stretch, reshape(slice(table, { axis: 1, start: 1 }), [side, side * dim]));
  const both = matmul(stretch, reshape(rows, [grid, side, dim]));
  return reshape(both, [1, grid, grid, dim]);
}

/** [to, from], PyTorch's weights of bicubic interpolation without antialiasing. */
function bicubicMatrix(graph: Graph, from: number, to: number): Tensor {
  const { taps, starts, counts, weights } = pointWeights(from, to, from / to, cubic(-0.75));
  const matrix = new Float64Array(to * from);
  for (let i = 0; i < to; i++)
    for (let k = 0; k < counts[i]; k++) matrix[i * from + starts[i] + k] = weights[i * taps + k];
  return constant(graph, matrix, { shape: [to, from] });
}
