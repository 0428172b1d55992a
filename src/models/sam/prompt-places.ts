import {
  add,
  concat,
  gelu,
  matmul,
  mul,
  reshape,
  slice,
  sub,
  sum,
  type Tensor,
  tanh,
} from "../../engine/index.ts";
import { gridSide, type SamConfig } from "./config.ts";
import { dense, ENCODER_EPSILON, norm } from "./layers.ts";
import { cellPositions, pixelCenters } from "./prompt-encoder.ts";
import { scoped, type Weights } from "./weights.ts";

/** Scales at which a position is seen beside a token. */
export const PLACE_SCALES = 4;
/**
 * Half periods of the position code along x and along y by which places are read, from coarse to fine, in units of the picture's side; each a
 * pair of directions, the first ones. A coarse one is never ambiguous, a fine one bears errors of predicted tokens.
 */
export const PLACE_PERIODS: readonly number[] = [1.25, 0.25, 0.05];
/** Directions of the position code that are for places. */
export const PLACE_DIRECTIONS: number = 2 * PLACE_PERIODS.length;
/** Channels of a token after those for what it is, see `tokenRoles`. */
export const PLACE_ROLES = 5;
/** What is known of a position beside a token: left or right of it, above or below it, near it, each at all scales. */
export const PLACE_SIGNS: number = 3 * PLACE_SCALES;
/** What `drawPlaces` gives besides what is added to the map: see `likenMask`. */
export const PLACE_PLANES = 2;

/**
 * An image as its cells are once each knows where it lies beside the points and corners of a prompt.
 *
 * SAM has no such layer and finds out from a billion masks that a token means a place. Everything is computed from tokens, so that those which a
 * prompter predicts (WPS-SAM) are as good.
 *
 * @param image      [b, P, C], b 1 or B
 * @param positions  of the cells, [1, P, C]
 * @param sparse     [B, n, C]
 * @returns          [B, P, C]
 */
export function lookForPrompt(weights: Weights, image: Tensor, positions: Tensor, sparse: Tensor): Tensor {
  const own = scoped(weights, "mask_decoder.places.");
  const placed = add(image, mapPlaces(own, "cells", positions, sparse));
  const hidden = gelu(dense(own, "lin1", norm(own, "norm", placed, ENCODER_EPSILON)));
  return add(placed, dense(own, "lin2", hidden));
}

/**
 * What the pixels of masks know of a prompt, for a model with `lookForPrompt`: what is added to the map that masks are drawn with, and
 * two planes, which `likenMask` makes a mask of. Undefined for a prompt without tokens.
 *
 * @param pixels  their positions, [1, 16 · P, C], see `pixelCenters`; those of a whole picture unless given
 * @returns       [B, 16 · P, C/8 + 2]
 */
export function placesOfPixels(
  weights: Weights,
  sparse: Tensor,
  { decoder, encoder }: SamConfig,
  pixels?: Tensor,
): Tensor | undefined {
  if (decoder.placeDim === undefined || sparse.shape[1] === 0) return undefined;
  const grid = gridSide(encoder);
  const positions = pixels ?? cellPositions(weights, pixelCenters(sparse.graph, grid, grid));
  return mapPlaces(scoped(weights, "mask_decoder.places."), "pixels", positions, sparse);
}

/**
 * What is known of positions beside tokens, by the roles of the tokens.
 *
 * @param own   `scale`, and of the given name a kernel [roles, signs, c] and a bias [roles, c]
 * @returns     [B, P, c]
 */
function mapPlaces(own: Weights, name: string, positions: Tensor, sparse: Tensor): Tensor {
  const [batch, count] = sparse.shape as readonly number[];
  const spots = positions.shape[1] as number;
  const away = reshape(measureAway(positions, sparse), [batch, spots, count, 2, 1]);
  const sides = tanh(mul(away, reshape(own("scale.weight"), [1, 1, 1, 1, PLACE_SCALES]))); // [B, P, n, 2, scales]
  const steep = sub(1, mul(sides, sides));
  const [nearX, nearY] = [0, 1].map((k) => slice(steep, { axis: 3, start: k, end: k + 1 }));
  const signs = reshape(concat([sides, mul(nearX, nearY)], 3), [batch, spots, count * PLACE_SIGNS]);
  const kernel = own(`${name}.weight`);
  const channels = kernel.shape[2] as number;
  const roles = slice(sparse, { axis: 2, start: PLACE_DIRECTIONS, end: PLACE_DIRECTIONS + PLACE_ROLES });
  const byToken = matmul(roles, reshape(kernel, [PLACE_ROLES, PLACE_SIGNS * channels]));
  const map = matmul(signs, reshape(byToken, [batch, count * PLACE_SIGNS, channels]));
  const bias = sum(matmul(roles, own(`${name}.bias`)), { axes: 1, keepDims: true }); // [B, 1, c]
  return add(map, bias);
}

/**
 * How far positions are from tokens along x and y: the sine of the difference of their phases, which is about 2.5 times the distance where
 * it is small. Each finer period takes over where the coarser one says that it is not ambiguous.
 *
 * @returns  [B, P, n, 2]
 */
function measureAway(positions: Tensor, sparse: Tensor): Tensor {
  const [batch, count, dim] = sparse.shape as readonly number[];
  const spots = positions.shape[1] as number;
  const phases = (x: Tensor, start: number, shape: readonly number[]): Tensor =>
    reshape(slice(x, { axis: 2, start, end: start + 2 }), shape as number[]);
  const sine = (level: number): Tensor => {
    const [ofSine, ofCosine] = [2 * level, dim / 2 + 2 * level];
    const [here, there] = [
      [1, spots, 1, 2],
      [batch, 1, count, 2],
    ];
    return sub(
      mul(phases(positions, ofSine, here), phases(sparse, ofCosine, there)),
      mul(phases(positions, ofCosine, here), phases(sparse, ofSine, there)),
    );
  };
  let away = sine(0);
  for (let level = 1; level < PLACE_PERIODS.length; level++) {
    const share = PLACE_PERIODS[level] / PLACE_PERIODS[0];
    const far = tanh(mul(away, 1.2 / share));
    const finer = mul(sine(level), share);
    away = add(away, mul(sub(1, mul(far, far)), sub(finer, away)));
  }
  return away;
}
