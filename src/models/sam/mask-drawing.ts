import {
  add,
  broadcastTo,
  gelu,
  linear,
  matmul,
  mul,
  reshape,
  slice,
  type Tensor,
  transpose,
} from "../../engine/index.ts";
import type { FineMaps } from "./fine-maps.ts";
import { ENCODER_EPSILON, norm } from "./layers.ts";
import { likenMask } from "./looks.ts";
import { scoped, type Weights } from "./weights.ts";

/** What masks are drawn with besides the image and their filters by the hybrid model. */
export interface MaskDetails {
  /** Of the picture. */
  readonly fine: FineMaps;
  /** [B, 16 · P, C/8 + 2], of the prompt, from `placesOfPixels`. */
  readonly places?: Tensor | undefined;
}

/** The hybrid model's image counts for less than its prompt at first: its filters count for this much. */
const IMAGE_SHARE = 1 / 8;

/**
 * The other half of `decodeMasks`: logits of masks.
 *
 * @param image    [B, P, C] from `decodeTokens`
 * @param filters  [B, M, C/8], any of its filters; one longer with details
 * @param details  for a model that draws with more
 * @returns        [B, M, 4g, 4g]
 */
export function drawMasks(weights: Weights, image: Tensor, filters: Tensor, details?: MaskDetails): Tensor {
  const own = scoped(weights, "mask_decoder.");
  if (details === undefined) return filterMap(filters, upscale(own, image));
  const { fine, places } = details;
  const channels = (image.shape[2] as number) / 8;
  const [ofImage, ofPrompt] = splitAt(filters, channels);
  const [added, looked] = places === undefined ? [] : splitAt(places, channels);
  const pixels = mul(filterPixels(ofImage, upscale(own, image, fine, added)), IMAGE_SHARE);
  if (looked === undefined) return placePixels(pixels);
  const start = likenMask(weights, fine.keys, looked); // [B, p]
  const [batch, count] = start.shape as readonly number[];
  return placePixels(add(pixels, mul(ofPrompt, reshape(start, [batch, 1, count]))));
}

/** The first channels and the others. */
function splitAt(x: Tensor, channels: number): [Tensor, Tensor] {
  const end = x.shape[2] as number;
  return [slice(x, { axis: 2, start: 0, end: channels }), slice(x, { axis: 2, start: channels, end })];
}

/**
 * [B, P, C] as [B, P, 2, 2, 2, 2, C/8], two doublings. The 4×4 pixels of a cell stay with their cell (y, x, y', x') and are put in place as
 * masks, which have fewer channels.
 *
 * @param places  [B, 16 · P, C/8], added to the finest map
 */
function upscale(weights: Weights, image: Tensor, fine?: FineMaps, places?: Tensor): Tensor {
  const finer = (x: Tensor, map: Tensor | undefined): Tensor => (map === undefined ? x : add(x, map));
  const half = finer(doubled(weights, "output_upscaling.0", image), fine?.eighth);
  const normed = gelu(norm(weights, "output_upscaling.1", half, ENCODER_EPSILON));
  const quarter = finer(doubled(weights, "output_upscaling.3", normed), fine?.quarter);
  return gelu(finer(quarter, places && reshape(places, quarter.shape as readonly number[])));
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
  return placePixels(filterPixels(filters, map));
}

/** The same with the pixels of a cell together: [B, M, 16 · P]. */
function filterPixels(filters: Tensor, map: Tensor): Tensor {
  const [batch, , channels] = filters.shape as readonly number[];
  const pixels = (map.shape[1] as number) * 16;
  return matmul(filters, reshape(map, [batch, pixels, channels]), { transposeB: true });
}

/** [B, M, 16 · P], as cell (y, x), y', x', y'', x'', to [B, M, 4g, 4g]. */
function placePixels(products: Tensor): Tensor {
  const [batch, masks, pixels] = products.shape as readonly number[];
  const grid = Math.sqrt(pixels) / 4;
  const apart = reshape(products, [batch, masks, grid, grid, 2, 2, 2, 2]);
  return reshape(transpose(apart, [0, 1, 2, 4, 6, 3, 5, 7]), [batch, masks, 4 * grid, 4 * grid]);
}
