import { add, attention, relu, type Tensor } from "../../engine/index.ts";
import {
  lookAtImage,
  lookAtKeys,
  lookFromImage,
  lookFromQueries,
  type ProjectedKeys,
} from "./cross-attention.ts";
import { DECODER_EPSILON, dense, mergeHeads, norm, splitHeads } from "./layers.ts";
import { scoped, type Weights } from "./weights.ts";

/** The image and what the first layer computes of it, [b, heads, P, d]. Batch b is 1 when all prompts of a batch see the same. */
export interface ImageSide extends ProjectedKeys {
  /** [b, P, C], P the cells of the embedding. */
  readonly image: Tensor;
  readonly queries: Tensor;
}

/** In what the two-way transformers of SAM and EfficientSAM differ. */
export interface TwoWayDesign {
  /**
   * The tokens after they looked at each other, before the norm.
   *
   * @param given  what the layer is given; for the first layer these are the initial tokens
   */
  readonly lookAtEachOther: (weights: Weights, given: Tensor, initial: Tensor, heads: number) => Tensor;
  /** [B, T, C] to the same, without the sum. */
  readonly mlp: (weights: Weights, tokens: Tensor) => Tensor;
}

export const samTwoWay: TwoWayDesign = {
  // In the first layer the tokens are their positions, and what they were before is dropped.
  lookAtEachOther: (weights, given, initial, heads) =>
    given === initial
      ? attendSelf(weights, given, given, heads)
      : add(given, attendSelf(weights, add(given, initial), given, heads)),
  mlp: (weights, tokens) => dense(weights, "mlp.lin2", relu(dense(weights, "mlp.lin1", tokens))),
};

export interface TwoWayOptions {
  readonly depth: number;
  readonly heads: number;
  readonly design: TwoWayDesign;
  /** Positions of the image's cells, [1, P, C]. */
  readonly positions: Tensor;
}

/**
 * All that the first layer computes of the image before it looks at the tokens. It does not depend on points and boxes, so it is done once
 * for an image, whatever the number of prompts.
 *
 * @param weights  those of the layer
 */
export function projectImage(
  weights: Weights,
  image: Tensor,
  { heads, positions }: Pick<TwoWayOptions, "heads" | "positions">,
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
  options: TwoWayOptions,
): { tokens: Tensor; image: Tensor } {
  const { depth, heads, positions } = options;
  let state = layer(scoped(weights, "layers.0."), tokens, first, { ...options, initial: tokens });
  for (let i = 1; i < depth; i++)
    state = layer(scoped(weights, `layers.${i}.`), state.tokens, state.image, {
      ...options,
      initial: tokens,
    });
  const seen = lookAtImage(
    scoped(weights, "final_attn_token_to_image."),
    add(state.tokens, tokens),
    { image: state.image, placed: add(state.image, positions) },
    heads,
  );
  return {
    tokens: norm(weights, "norm_final_attn", add(state.tokens, seen), DECODER_EPSILON),
    image: state.image,
  };
}

interface LayerOptions extends TwoWayOptions {
  /** The tokens before the first layer, which are their own positions. */
  readonly initial: Tensor;
}

/** @param side  the image, for the first layer with its projections */
function layer(
  weights: Weights,
  given: Tensor,
  side: ImageSide | Tensor,
  { initial, positions, heads, design }: LayerOptions,
): { tokens: Tensor; image: Tensor } {
  const normed = (name: string, x: Tensor): Tensor => norm(weights, name, x, DECODER_EPSILON);
  const projected = "image" in side ? side : null;
  const image = "image" in side ? side.image : side;
  const placed = add(image, positions);

  let tokens = normed("norm1", design.lookAtEachOther(scoped(weights, "self_attn."), given, initial, heads));

  const toImage = scoped(weights, "cross_attn_token_to_image.");
  const asking = add(tokens, initial);
  const seen =
    projected !== null
      ? lookAtKeys(toImage, asking, projected)
      : lookAtImage(toImage, asking, { image, placed }, heads);
  tokens = normed("norm2", add(tokens, seen));
  tokens = normed("norm3", add(tokens, design.mlp(weights, tokens)));

  const toTokens = scoped(weights, "cross_attn_image_to_token.");
  const answers = {
    keys: splitHeads(dense(toTokens, "k_proj", add(tokens, initial)), heads),
    values: splitHeads(dense(toTokens, "v_proj", tokens), heads),
  };
  const told =
    projected !== null
      ? lookFromQueries(toTokens, projected.queries, answers)
      : lookFromImage(toTokens, placed, answers);
  return { tokens, image: normed("norm4", add(image, told)) };
}

/**
 * Tokens looking at each other.
 *
 * @param placed  the tokens with their positions
 */
export function attendSelf(weights: Weights, placed: Tensor, tokens: Tensor, heads: number): Tensor {
  const project = (name: string, x: Tensor): Tensor => splitHeads(dense(weights, name, x), heads);
  const attended = attention(project("q_proj", placed), project("k_proj", placed), project("v_proj", tokens));
  return dense(weights, "out_proj", mergeHeads(attended));
}
