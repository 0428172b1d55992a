import { add, attention, relu, reshape, type Tensor } from "../../engine/index.ts";
import { DECODER_EPSILON, dense, mergeHeads, norm, splitHeads } from "./layers.ts";
import { scoped, type Weights } from "./weights.ts";

/** The image as a layer sees it. Batch b is 1 when all prompts of a batch see the same. */
export interface ImageSide {
  /** [b, P, C], P the cells of the embedding. */
  readonly image: Tensor;
  /** Keys and values for the tokens, queries to the tokens: [b, heads, P, d]. */
  readonly keys: Tensor;
  readonly values: Tensor;
  readonly queries: Tensor;
}

export interface TwoWayOptions {
  readonly depth: number;
  readonly heads: number;
  /** Positions of the image's cells, [1, P, C]. */
  readonly positions: Tensor;
}

/**
 * All that a layer computes of the image before it looks at the tokens. For the first layer that does not depend on points and boxes, so
 * it is done once for an image, whatever the number of prompts.
 *
 * @param weights  those of the layer
 */
export function projectImage(
  weights: Weights,
  image: Tensor,
  { heads, positions }: Omit<TwoWayOptions, "depth">,
): ImageSide {
  const placed = add(image, positions);
  const project = (name: string, x: Tensor): Tensor => splitHeads(dense(weights, name, x), heads);
  return {
    image,
    keys: project("cross_attn_token_to_image.k_proj", placed),
    values: project("cross_attn_token_to_image.v_proj", image),
    queries: project("cross_attn_image_to_token.q_proj", placed),
  };
}

/**
 * Tokens and image looking at each other in turn.
 *
 * @param weights  `layers.i`, `final_attn_token_to_image`, `norm_final_attn`
 * @param first    the image as the first layer sees it
 * @param tokens   [B, T, C]
 * @returns        tokens [B, T, C] and image [B, P, C]
 * @see segment-anything, `transformer.py`, `TwoWayTransformer`
 */
export function twoWayTransformer(
  weights: Weights,
  first: ImageSide,
  tokens: Tensor,
  { depth, heads, positions }: TwoWayOptions,
): { tokens: Tensor; image: Tensor } {
  let state = { tokens, image: first.image };
  for (let i = 0; i < depth; i++) {
    const own = scoped(weights, `layers.${i}.`);
    const side = i === 0 ? first : projectImage(own, state.image, { heads, positions });
    state = layer(own, side, state.tokens, { initial: tokens, heads, isFirst: i === 0 });
  }
  const last = scoped(weights, "final_attn_token_to_image.");
  const keys = splitHeads(dense(last, "k_proj", add(state.image, positions)), heads);
  const values = splitHeads(dense(last, "v_proj", state.image), heads);
  const seen = attendImage(last, add(state.tokens, tokens), { keys, values }, heads);
  return {
    tokens: norm(weights, "norm_final_attn", add(state.tokens, seen), DECODER_EPSILON),
    image: state.image,
  };
}

interface LayerOptions {
  /** The tokens before the first layer, which are their own positions. */
  readonly initial: Tensor;
  readonly heads: number;
  readonly isFirst: boolean;
}

function layer(
  weights: Weights,
  side: ImageSide,
  given: Tensor,
  { initial, heads, isFirst }: LayerOptions,
): { tokens: Tensor; image: Tensor } {
  const normed = (name: string, x: Tensor): Tensor => norm(weights, name, x, DECODER_EPSILON);
  const self = scoped(weights, "self_attn.");
  // In the first layer the tokens are their positions, and what they were before is dropped.
  let tokens = isFirst
    ? attend(self, given, given, given, heads)
    : add(given, attend(self, add(given, initial), add(given, initial), given, heads));
  tokens = normed("norm1", tokens);
  const toImage = scoped(weights, "cross_attn_token_to_image.");
  tokens = normed("norm2", add(tokens, attendImage(toImage, add(tokens, initial), side, heads)));
  const hidden = relu(dense(weights, "mlp.lin1", tokens));
  tokens = normed("norm3", add(tokens, dense(weights, "mlp.lin2", hidden)));

  const toTokens = scoped(weights, "cross_attn_image_to_token.");
  const keys = splitHeads(dense(toTokens, "k_proj", add(tokens, initial)), heads);
  const values = splitHeads(dense(toTokens, "v_proj", tokens), heads);
  const seen = dense(toTokens, "out_proj", mergeHeads(attention(side.queries, keys, values)));
  return { tokens, image: normed("norm4", add(side.image, seen)) };
}

function attend(weights: Weights, q: Tensor, k: Tensor, v: Tensor, heads: number): Tensor {
  const [queries, keys, values] = [
    dense(weights, "q_proj", q),
    dense(weights, "k_proj", k),
    dense(weights, "v_proj", v),
  ].map((x) => splitHeads(x, heads));
  return dense(weights, "out_proj", mergeHeads(attention(queries, keys, values)));
}

/** The tokens [B, T, C] looking at the image. Queries know nothing of each other, so over one image those of all prompts are one set. */
function attendImage(
  weights: Weights,
  tokens: Tensor,
  { keys, values }: Pick<ImageSide, "keys" | "values">,
  heads: number,
): Tensor {
  const [batch, count, dim] = tokens.shape as readonly number[];
  const together = keys.shape[0] === batch ? tokens : reshape(tokens, [1, batch * count, dim]);
  const queries = splitHeads(dense(weights, "q_proj", together), heads);
  const seen = dense(weights, "out_proj", mergeHeads(attention(queries, keys, values)));
  return reshape(seen, [batch, count, dim]);
}
