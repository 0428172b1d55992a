import {
  add,
  broadcastTo,
  concat,
  gelu,
  linear,
  matmul,
  reshape,
  slice,
  squeeze,
  type Tensor,
  transpose,
} from "../../engine/index.ts";
import { MASK_COUNT, type SamConfig } from "./config.ts";
import type { FineMaps } from "./fine-maps.ts";
import { ENCODER_EPSILON, head, norm } from "./layers.ts";
import { gridPositions } from "./prompt-encoder.ts";
import { lookForPrompt } from "./prompt-places.ts";
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
  /** [B, 4, C/8]: a mask is the product of its filter and the upscaled image. */
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
  { positions, fine }: DecodeMasksOptions = {},
): DecodedMasks {
  const { image, filters, predictedIou } = decodeTokens(weights, side, sparse, config, positions);
  return { masks: drawMasks(weights, image, filters, fine), predictedIou };
}

export interface DecodeMasksOptions {
  /** As for `prepareImage`. */
  readonly positions?: Tensor;
  /** Of the picture, for a model that has them. */
  readonly fine?: FineMaps;
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

/**
 * The other half: logits of masks.
 *
 * @param image    [B, P, C] from `decodeTokens`
 * @param filters  [B, M, C/8], any of its filters
 * @param fine     of the picture, for a model that has them
 * @returns        [B, M, 4g, 4g]
 */
export function drawMasks(weights: Weights, image: Tensor, filters: Tensor, fine?: FineMaps): Tensor {
  return filterMap(filters, upscale(scoped(weights, "mask_decoder."), image, fine));
}

/**
 * [B, P, C] as [B, P, 2, 2, 2, 2, C/8], two doublings. The 4×4 pixels of a cell stay with their cell (y, x, y', x') and are put in place as
 * masks, which have fewer channels.
 */
function upscale(weights: Weights, image: Tensor, fine: FineMaps | undefined): Tensor {
  const finer = (x: Tensor, map: Tensor | undefined): Tensor => (map === undefined ? x : add(x, map));
  const half = finer(doubled(weights, "output_upscaling.0", image), fine?.eighth);
  const normed = gelu(norm(weights, "output_upscaling.1", half, ENCODER_EPSILON));
  return gelu(finer(doubled(weights, "output_upscaling.3", normed), fine?.quarter));
}

/**
 * [..., C] as [..., 2, 2, c]: a transposed convolution of stride 2, which doubles a map. Its filters do not overlap, so it is a product of
 * matrices.
 */
export function doubled(weights: Weights, name: string, x: Tensor): Tensor {
  const kernel = weights(`${name}.weight`); // [in, out, 2, 2]
  const [inputs, outputs] = kernel.shape as readonly number[];
  const matrix = reshape(transpose(kernel, [0, 2, 3, 1]), [inputs, 4 * outputs]);
  const bias = reshape(broadcastTo(weights(`${name}.bias`), [4, outputs]), [4 * outputs]);
  return reshape(linear(x, matrix, { bias }), [...x.shape.slice(0, -1), 2, 2, outputs]);
}

/** Σ_c filter[m, c] · map[p, c], the pixels put in place: [B, M, c] and [B, P, 2, 2, 2, 2, c] to [B, M, 4g, 4g]. */
export function filterMap(filters: Tensor, map: Tensor): Tensor {
  const [batch, masks, channels] = filters.shape as readonly number[];
  const cells = map.shape[1] as number;
  const grid = Math.sqrt(cells);
  const products = matmul(filters, reshape(map, [batch, cells * 16, channels]), { transposeB: true });
  const placed = transpose(
    reshape(products, [batch, masks, grid, grid, 2, 2, 2, 2]), // M, cell (y, x), y', x', y'', x''
    [0, 1, 2, 4, 6, 3, 5, 7],
  );
  return reshape(placed, [batch, masks, 4 * grid, 4 * grid]);
}
