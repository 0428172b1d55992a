import {
  add,
  attention,
  constant,
  linear,
  relu,
  reshape,
  split,
  type Tensor,
  transpose,
} from "../../engine/index.ts";
import { DECODER_EPSILON, dense, mergeHeads, norm } from "../sam/layers.ts";
import { scoped, type Weights } from "../sam/weights.ts";
import type { PrompterConfig } from "./config.ts";

type Heads = Pick<PrompterConfig, "heads">;

/**
 * DETR's encoder, norms after the sums, none at the end.
 *
 * @param weights    `encoder.layers.i`
 * @param cells      [B, P, D]
 * @param positions  [1, P, D], added to queries and keys of every layer
 * @returns          [B, P, D]
 */
export function encodeCells(
  weights: Weights,
  cells: Tensor,
  positions: Tensor,
  { encoderLayers, heads }: PrompterConfig,
): Tensor {
  let x = cells;
  for (let i = 0; i < encoderLayers; i++) {
    const own = scoped(weights, `encoder.layers.${i}.`);
    x = normed(own, "norm1", add(x, attendSelf(scoped(own, "self_attn."), add(x, positions), x, { heads })));
    x = normed(own, "norm2", add(x, feedForward(own, x)));
  }
  return x;
}

/** What queries look at: keys are cells with their positions, values cells without. */
export interface Memory {
  /** [B, P, D] */
  readonly placed: Tensor;
  /** [B, P, D] */
  readonly cells: Tensor;
}

/**
 * DETR's decoder: queries start at zero, look at each other and then at the cells; the last layer's output is normed once more.
 *
 * @param weights  `decoder.layers.i`, `decoder.norm`
 * @param queries  [1, Q, D], added to the queries' state wherever it asks or is a key
 * @returns        [B, Q, D]
 */
export function decodeQueries(
  weights: Weights,
  { placed, cells }: Memory,
  queries: Tensor,
  { decoderLayers, heads }: PrompterConfig,
): Tensor {
  const [, count, dim] = queries.shape as readonly number[];
  const shape = [cells.shape[0] as number, count, dim];
  let x = constant(queries.graph, new Float32Array(shape[0] * count * dim), { shape });
  for (let i = 0; i < decoderLayers; i++) {
    const own = scoped(weights, `decoder.layers.${i}.`);
    x = normed(own, "norm1", add(x, attendSelf(scoped(own, "self_attn."), add(x, queries), x, { heads })));
    const seen = attendCells(scoped(own, "multihead_attn."), add(x, queries), { placed, cells }, { heads });
    x = normed(own, "norm2", add(x, seen));
    x = normed(own, "norm3", add(x, feedForward(own, x)));
  }
  return normed(weights, "decoder.norm", x);
}

function normed(weights: Weights, name: string, x: Tensor): Tensor {
  return norm(weights, name, x, DECODER_EPSILON);
}

function feedForward(weights: Weights, x: Tensor): Tensor {
  return dense(weights, "linear2", relu(dense(weights, "linear1", x)));
}

/** @param placed  x with what tells its rows apart: asks, and is asked */
function attendSelf(weights: Weights, placed: Tensor, x: Tensor, { heads }: Heads): Tensor {
  const dim = x.shape[2] as number;
  const [matrix, valueMatrix] = split(weights("in_proj_weight"), 0, [2 * dim, dim]);
  const [bias, valueBias] = split(weights("in_proj_bias"), 0, [2 * dim, dim]);
  const [q, k] = split(project(placed, matrix, bias, 2 * heads), 1, 2);
  return join(weights, attention(q, k, project(x, valueMatrix, valueBias, heads)));
}

function attendCells(weights: Weights, asking: Tensor, { placed, cells }: Memory, { heads }: Heads): Tensor {
  const matrices = split(weights("in_proj_weight"), 0, 3);
  const biases = split(weights("in_proj_bias"), 0, 3);
  const [q, k, v] = [asking, placed, cells].map((x, i) => project(x, matrices[i], biases[i], heads));
  return join(weights, attention(q, k, v));
}

/** [B, N, D] as [B, heads, N, d] */
function project(x: Tensor, matrix: Tensor, bias: Tensor, heads: number): Tensor {
  const y = linear(x, matrix, { bias, transposeWeight: true });
  const [batch, count, dim] = y.shape as readonly number[];
  return transpose(reshape(y, [batch, count, heads, dim / heads]), [0, 2, 1, 3]);
}

/** [B, heads, N, d] as [B, N, D], mixed by the output projection. */
function join(weights: Weights, seen: Tensor): Tensor {
  return dense(weights, "out_proj", mergeHeads(seen));
}
