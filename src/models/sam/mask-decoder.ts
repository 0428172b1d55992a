import {
  add,
  broadcastTo,
  concat,
  reshape,
  slice,
  squeeze,
  type Tensor,
  transpose,
} from "../../engine/index.ts";
import { MASK_COUNT, type SamConfig } from "./config.ts";
import type { FineMaps } from "./fine-maps.ts";
import { head } from "./layers.ts";
import { drawMasks } from "./mask-drawing.ts";
import { gridPositions } from "./prompt-encoder.ts";
import { lookForPrompt, placesOfPixels } from "./prompt-places.ts";
import {
  type ImageSide,
  projectImage,
  samTwoWay,
  type TwoWayDesign,
  twoWayTransformer,
} from "./transformer.ts";
import { scoped, type Weights } from "./weights.ts";

/**
 * The part of decoding that needs no points or boxes: done once for an image, unless prompts have masks of their own.
 *
 * @param features  [1, C, g, g], an embedding
 * @param dense     [b, C, g, g] or [1, C, 1, 1], from `encodeMask` or `encodeNoMask`
 * @param positions  of the cells, see `cellPositions`; those of a whole picture unless given
 */
export function prepareImage(
  weights: Weights,
  features: Tensor,
  dense: Tensor,
  config: SamConfig,
  positions?: Tensor,
): ImageSide {
  return projectFeatures(weights, add(features, dense), config.decoder.heads, positions);
}

/** Features [b, C, g, g], whatever was added to them, as the decoder's first layer sees them. */
export function projectFeatures(
  weights: Weights,
  features: Tensor,
  heads: number,
  positions: Tensor = gridPositions(weights, features.graph, features.shape[2] as number),
): ImageSide {
  const [batch, dim, height, width] = features.shape as readonly number[];
  const image = transpose(reshape(features, [batch, dim, height * width]), [0, 2, 1]);
  const first = scoped(weights, "mask_decoder.transformer.layers.0.");
  return projectImage(first, image, { heads, positions });
}

/** What prompts are to the decoder before any mask is drawn. */
export interface DecodedTokens {
  /** [B, P, C], the image as its cells are after they looked at the prompt. */
  readonly image: Tensor;
  /** [B, 4, C/8]: a mask is the product of its filter and the upscaled image; see `filterLength`. */
  readonly filters: Tensor;
  /** [B, 4]; may exceed 1. */
  readonly predictedIou: Tensor;
}

export interface DecodedMasks {
  /** [B, 4, 4g, 4g] logits: the mask for a prompt that means one thing, then three for one that may mean several. */
  readonly masks: Tensor;
  /** [B, 4]; may exceed 1. */
  readonly predictedIou: Tensor;
}

/**
 * The masks of a batch of prompts on one image.
 *
 * @param side       from `prepareImage`, of batch 1 or B
 * @param sparse     [B, n, C] tokens of the prompts; n may be 0
 * @see segment-anything, `mask_decoder.py`, `predict_masks`
 */
export function decodeMasks(
  weights: Weights,
  side: ImageSide,
  sparse: Tensor,
  config: SamConfig,
  { positions, pixels, fine }: DecodeMasksOptions = {},
): DecodedMasks {
  const { image, filters, predictedIou } = decodeTokens(weights, side, sparse, config, positions);
  const details = fine && { fine, places: placesOfPixels(weights, sparse, config, pixels) };
  return { masks: drawMasks(weights, image, filters, details), predictedIou };
}

export interface DecodeMasksOptions {
  /** Of the cells, as for `prepareImage`. */
  readonly positions?: Tensor;
  /** As for `placesOfPixels`. */
  readonly pixels?: Tensor;
  /** Of the picture, for a model that has them. */
  readonly fine?: FineMaps | undefined;
}

/**
 * The half of `decodeMasks` that tells how good masks will be, without drawing them.
 *
 * @param side    from `prepareImage`, of batch 1 or B
 * @param sparse  [B, n, C] tokens of the prompts; n may be 0
 */
export function decodeTokens(
  weights: Weights,
  side: ImageSide,
  sparse: Tensor,
  { decoder }: SamConfig,
  positions: Tensor = gridPositions(weights, sparse.graph, Math.sqrt(side.image.shape[1] as number)),
): DecodedTokens {
  const { heads, placeDim } = decoder;
  const options = { ...decoder, design: samTwoWay, head, positions };
  if (placeDim === undefined || sparse.shape[1] === 0) return decodeByDesign(weights, side, sparse, options);
  const image = lookForPrompt(weights, side.image, positions, sparse);
  const first = scoped(weights, "mask_decoder.transformer.layers.0.");
  return decodeByDesign(weights, projectImage(first, image, { heads, positions }), sparse, options);
}

export interface DecoderDesign {
  readonly depth: number;
  readonly heads: number;
  readonly design: TwoWayDesign;
  /** What makes a filter or estimates of a token: [B, C] to [B, …]. */
  readonly head: (weights: Weights, name: string, token: Tensor) => Tensor;
  /** Of the image's cells; those of a whole picture unless given. */
  readonly positions?: Tensor;
}

/** What SAM's decoder and EfficientSAM's have in common: learned tokens before those of the prompt, and what is read off them. */
export function decodeByDesign(
  weights: Weights,
  side: ImageSide,
  sparse: Tensor,
  { head, positions, ...options }: DecoderDesign,
): DecodedTokens {
  const own = scoped(weights, "mask_decoder.");
  const [batch, count, dim] = sparse.shape as readonly number[];
  const grid = Math.sqrt(side.image.shape[1] as number);
  const learned = concat([own("iou_token.weight"), own("mask_tokens.weight")], 0);
  const output = broadcastTo(reshape(learned, [1, 1 + MASK_COUNT, dim]), [batch, 1 + MASK_COUNT, dim]);
  const { tokens, image } = twoWayTransformer(
    scoped(own, "transformer."),
    side,
    count === 0 ? output : concat([output, sparse], 1),
    { ...options, positions: positions ?? gridPositions(weights, sparse.graph, grid) },
  );
  const token = (index: number): Tensor =>
    squeeze(slice(tokens, { axis: 1, start: index, end: index + 1 }), 1);
  const filters = Array.from({ length: MASK_COUNT }, (_, m) => {
    const filter = head(own, `output_hypernetworks_mlps.${m}`, token(1 + m)); // [B, c]
    return reshape(filter, [batch, 1, filter.shape[1]]);
  });
  return {
    image,
    filters: concat(filters, 1),
    predictedIou: head(own, "iou_prediction_head", token(0)),
  };
}
