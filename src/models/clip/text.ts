import { invalid } from "../../core/error.ts";
import {
  add,
  concat,
  constant,
  type Graph,
  gather,
  matmul,
  reshape,
  slice,
  type Tensor,
} from "../../engine/index.ts";
import { scoped, type Weights } from "../sam/weights.ts";
import type { ClipConfig } from "./config.ts";
import type { TextLayout } from "./text-layout.ts";
import { clipNorm, transformerBlock } from "./transformer.ts";

/**
 * What is added to the scores of later tokens: exp of it is 0, as of the −∞ of the published code, which not every device computes with.
 */
const MASKED = -1e9;

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

/** [T, T]: 0 for keys up to the query's own place, and what hides the later ones. */
function causalBias(graph: Graph, length: number): Tensor {
  const data = new Float32Array(length * length);
  for (let query = 0; query < length; query++)
    data.fill(MASKED, query * length + query + 1, (query + 1) * length);
  return constant(graph, data, { shape: [length, length] });
}

/**
 * The vectors of texts: each position takes a token's or a context's, as the layout says. All layouts and ways of sharing are one
 * `gather`, so gradients reach the context through its transpose.
 *
 * @param tokens   [U, D], the vectors of `layout.tokens`
 * @param context  [M, D] shared by all, or [S, M, D]; absent for texts without
 * @returns        [G, T, D]
 */
export function assembleTexts(layout: TextLayout, tokens: Tensor, context?: Tensor): Tensor {
  const { rows, count, length, contexts, contextLength } = layout;
  const vectors =
    context === undefined
      ? tokens
      : concat([tokens, reshape(context, [contexts * contextLength, tokens.shape[1]])], 0);
  return gather(vectors, constant(tokens.graph, rows, { shape: [count, length], dtype: "int32" }));
}
