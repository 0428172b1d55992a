import {
  add,
  concat,
  linear,
  matmul,
  mean,
  quickGelu,
  reshape,
  slice,
  softmax,
  split,
  type Tensor,
  transpose,
} from "../../engine/index.ts";
import { dense, mergeHeads, norm } from "../sam/layers.ts";
import { scoped, type Weights } from "../sam/weights.ts";

/** PyTorch's default, in all of CLIP's norms. */
const EPSILON = 1e-5;

/** The layer norm of a name over the last axis of [B, T, D]. */
export function clipNorm(weights: Weights, name: string, x: Tensor): Tensor {
  return norm(weights, name, x, EPSILON);
}

/** Queries, keys and values, [B, heads, T, d] each. */
export interface AttentionParts {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
}

/**
 * Queries, keys and values of a block's attention.
 *
 * @param y  [B, T, D], the block's first norm of its input
 */
export function splitAttention(weights: Weights, y: Tensor, heads: number): AttentionParts {
  const own = scoped(weights, "attn.");
  const [batch, count, dim] = y.shape;
  const tokens = linear(y, own("in_proj_weight"), { bias: own("in_proj_bias"), transposeWeight: true });
  // They and the heads come apart in one transpose: [B, 3 · heads, T, d].
  const apart = reshape(tokens, [batch, count, 3 * heads, (dim as number) / heads]);
  const [q, k, v] = split(transpose(apart, [0, 2, 1, 3]), 1, 3);
  return { q, k, v };
}

/** 1/√d */
export function headScale({ shape }: Tensor): number {
  return (shape[shape.length - 1] as number) ** -0.5;
}

export interface SelfAttentionOptions {
  readonly heads: number;
  /** Added to the scaled products of queries and keys: [T, T], or what broadcasts to [B, heads, T, T]. */
  readonly bias?: Tensor;
  /** Queries handled at once; all of them when absent. The numbers are the same. */
  readonly queryBlock?: number;
}

export interface SelfAttention {
  /** [B, T, D] */
  readonly output: Tensor;
  /** [B, T, T], the softmax averaged over heads; costs nothing unless something is computed with it. */
  readonly map: Tensor;
}

/**
 * Multi-head attention of tokens among themselves.
 *
 * @param y  [B, T, D], the block's first norm of its input
 * @see openai/CLIP, `model.py`, `ResidualAttentionBlock.attention`; PyTorch's `MultiheadAttention`
 */
export function selfAttention(
  weights: Weights,
  y: Tensor,
  { heads, bias, queryBlock }: SelfAttentionOptions,
): SelfAttention {
  const { q, k, v } = splitAttention(weights, y, heads);
  const count = y.shape[1];
  const scale = headScale(q);
  const attend = (queries: Tensor, summand: Tensor | undefined): { outputs: Tensor; map: Tensor } => {
    const scores = matmul(queries, k, { transposeB: true, alpha: scale });
    const shares = softmax(summand === undefined ? scores : add(scores, summand)); // [B, heads, t, T]
    return { outputs: matmul(shares, v), map: mean(shares, { axes: 1 }) };
  };
  const parts =
    queryBlock === undefined || typeof count !== "number" || queryBlock >= count
      ? [attend(q, bias)]
      : Array.from({ length: Math.ceil(count / queryBlock) }, (_, block) => {
          const start = block * queryBlock;
          const range = { axis: -2, start, end: Math.min(count, start + queryBlock) };
          return attend(slice(q, range), bias === undefined ? undefined : rowsOf(bias, range));
        });
  const merged = mergeHeads(
    concat(
      parts.map(({ outputs }) => outputs),
      -2,
    ),
  );
  return {
    output: dense(weights, "attn.out_proj", merged),
    map: concat(
      parts.map(({ map }) => map),
      -2,
    ),
  };
}

/** A bias's rows for some queries; one row holds for all of them. */
function rowsOf(bias: Tensor, range: { axis: number; start: number; end: number }): Tensor {
  return bias.shape[bias.shape.length - 2] === 1 ? bias : slice(bias, range);
}

/** What a block adds after its attention: x + attended, and the MLP on that. */
export function finishBlock(weights: Weights, x: Tensor, attended: Tensor): Tensor {
  const y = add(x, attended);
  const hidden = quickGelu(dense(weights, "mlp.c_fc", clipNorm(weights, "ln_2", y)));
  return add(y, dense(weights, "mlp.c_proj", hidden));
}

export interface Block {
  /** [B, T, D] */
  readonly output: Tensor;
  /** The block's first norm of its input. */
  readonly activation: Tensor;
  /** [B, T, T], see `SelfAttention`. */
  readonly map: Tensor;
}

/**
 * One block of either encoder: x + attention(norm(x)), then the same with an MLP.
 *
 * @param x  [B, T, D]
 */
export function transformerBlock(weights: Weights, x: Tensor, options: SelfAttentionOptions): Block {
  const activation = clipNorm(weights, "ln_1", x);
  const { output, map } = selfAttention(weights, activation, options);
  return { output: finishBlock(weights, x, output), activation, map };
}
