import { invalid } from "../../core/error.ts";
import {
  add,
  concat,
  constant,
  expandDims,
  gather,
  matmul,
  reshape,
  slice,
  squeeze,
  type Tensor,
} from "../../engine/index.ts";
import { dense, mergeHeads } from "../sam/layers.ts";
import { scoped, type Weights } from "../sam/weights.ts";
import { branchedAttention } from "./branched-attention.ts";
import { causalBias } from "./causal-bias.ts";
import type { ClipConfig } from "./config.ts";
import { branchTexts, type TextBranches } from "./text-branches.ts";
import type { TextLayout } from "./text-layout.ts";
import { clipNorm, finishBlock, splitAttention, transformerBlock } from "./transformer.ts";

/**
 * CLIP's text encoder, from token vectors on.
 *
 * The attention is causal, so what follows a text's end does not matter: T may be that of the longest text instead of the full context.
 *
 * @param texts    [G, T, D], without positions
 * @param ends     [G] int32 or int64, where each text's end token is
 * @returns        [G, E]
 * @throws MaskwrightError INVALID_ARGUMENT for more tokens than the context has
 * @see openai/CLIP, `model.py`, `CLIP.encode_text`; HAL-42/FMA-WSSS, `text_encoders.py`
 */
export function encodeClipText(
  weights: Weights,
  texts: Tensor,
  ends: Tensor,
  { text: { context, depth, heads, dim } }: ClipConfig,
): Tensor {
  const [count, length] = texts.shape as readonly number[];
  if (length > context) throw invalid("encodeClipText: texts", `at most ${context} tokens`, length);
  const positions = slice(weights("positional_embedding"), { axis: 0, end: length });
  const bias = causalBias(texts.graph, length);
  let x = add(texts, positions);
  for (let i = 0; i < depth; i++)
    x = transformerBlock(scoped(weights, `transformer.resblocks.${i}.`), x, { heads, bias }).output;
  // Only the ends are normed: one row of each text, found among the rows of all.
  const starts = Int32Array.from({ length: count }, (_, g) => g * length);
  const rows = add(ends, constant(texts.graph, starts, { dtype: "int32" }));
  const last = gather(reshape(x, [count * length, dim]), rows);
  return matmul(clipNorm(weights, "ln_final", last), weights("text_projection"));
}

/**
 * The vectors of texts: each position takes a token's or a context's, as the layout says. All layouts and ways of sharing are one
 * `gather`, so gradients reach the context through its transpose.
 *
 * @returns  [G, T, D]
 */
export function assembleTexts(layout: TextLayout, tokens: Tensor, context?: Tensor): Tensor {
  const { rows, count, length } = layout;
  const vectors = joinVectors(layout, { tokens, ...(context && { context }) });
  return gather(vectors, constant(tokens.graph, rows, { shape: [count, length], dtype: "int32" }));
}

/**
 * The features of texts of a layout: those of `encodeClipText` for what `assembleTexts` gives, by a fraction of the work. Rows that texts
 * have in common at their beginning are computed once, and none for what fills up short texts.
 *
 * @returns  [G, E]
 */
export function encodeClipLayout(
  weights: Weights,
  layout: TextLayout,
  vectors: TextVectors,
  config: ClipConfig,
): Tensor {
  const { graph } = vectors.tokens;
  const branches = branchTexts(layout);
  const ints = (data: Int32Array): Tensor => constant(graph, data, { dtype: "int32" });
  const rows = {
    vectors: ints(branches.vectors),
    positions: ints(branches.positions),
    ends: ints(branches.ends),
  };
  return encodeBranches(weights, joinVectors(layout, vectors), { ...branches, ...rows }, config);
}

export interface TextVectors {
  /** [U, D], the vectors of `layout.tokens` */
  readonly tokens: Tensor;
  /** [M, D] shared by all, or [S, M, D]; absent for texts without. */
  readonly context?: Tensor;
}

/** `TextBranches` whose rows are tensors, int32. */
export interface BranchRows extends Pick<TextBranches, "prefix" | "groups"> {
  readonly vectors: Tensor;
  readonly positions: Tensor;
  readonly ends: Tensor;
}

/**
 * As `encodeClipLayout`, of rows that may be inputs of the graph.
 *
 * @param vectors  [V, D], which `rows.vectors` counts
 * @returns        [G, E]
 */
export function encodeBranches(
  weights: Weights,
  vectors: Tensor,
  { prefix, groups, ...rows }: BranchRows,
  { text: { context, depth, heads, dim } }: ClipConfig,
): Tensor {
  const longest = prefix + Math.max(...groups.map(({ length }) => length));
  if (longest > context) throw invalid("encodeClipLayout: texts", `at most ${context} tokens`, longest);
  const positions = gather(weights("positional_embedding"), rows.positions);
  const ofEnds = (x: Tensor): Tensor => expandDims(gather(squeeze(x, 0), rows.ends), 0);
  let x = expandDims(add(gather(vectors, rows.vectors), positions), 0); // [1, R, D]
  for (let i = 0; i < depth; i++) {
    const own = scoped(weights, `transformer.resblocks.${i}.`);
    const parts = splitAttention(own, clipNorm(own, "ln_1", x), heads);
    let mixed = mergeHeads(branchedAttention(parts, { prefix, groups }));
    // Nothing but the ends comes out of the last block.
    if (i === depth - 1) [x, mixed] = [ofEnds(x), ofEnds(mixed)];
    x = finishBlock(own, x, dense(own, "attn.out_proj", mixed));
  }
  const ends = clipNorm(weights, "ln_final", x);
  return matmul(reshape(ends, [rows.ends.shape[0], dim]), weights("text_projection"));
}

/** Vectors of tokens, then of contexts: the rows that layouts count. */
function joinVectors({ contexts, contextLength }: TextLayout, { tokens, context }: TextVectors): Tensor {
  if (context === undefined) return tokens;
  return concat([tokens, reshape(context, [contexts * contextLength, tokens.shape[1]])], 0);
}
