import type { NdArray } from "../../core/array.ts";
import type { Random } from "../../core/random.ts";
import { drawNormal } from "../../engine/index.ts";
import { PLACE_PLANES, PLACE_SCALES } from "./prompt-places.ts";

type Floats = NdArray<"float32">;

/** Steepness of the signs: a side is sure from about 130, 35, 8 and 1 pixels of the input on. */
const SCALES = [1.5, 6, 24, 200];
/** Scales that are sharp enough for corners and wide enough for what is near. */
const [CORNER, NEAR] = [3, 0];

/**
 * The token of each role, in order, and what it adds to the two planes of `likenMask`: beside a corner, at a click (a scale and how much), near
 * either of them, and everywhere.
 */
const ROLES = [
  { token: "point_embeddings.0", side: 0, spot: [2, -3], near: 0, bias: [0, 0] },
  { token: "point_embeddings.1", side: 0, spot: [1, 4], near: 6, bias: [0, 0] },
  { token: "point_embeddings.2", side: 2, spot: [0, 0], near: 3, bias: [-3.5, -1.5] },
  { token: "point_embeddings.3", side: -2, spot: [0, 0], near: 3, bias: [-3.5, -1.5] },
  { token: "not_a_point_embed", side: 0, spot: [0, 0], near: 0, bias: [-3, -3] },
] as const;

/** What masks of boxes begin with, among others. */
export const BOX_BIASES = "mask_decoder.places.pixels.bias";

/** Names of the tokens, in the order of the channels that say what a token is. */
export const tokenRoles: readonly string[] = ROLES.map(({ token }) => token);

/**
 * What `mapPlaces` starts from, or null for other tensors: a box is filled, 1 in it and −3 beside it; a lone click is a spot, 1 at its
 * middle and −3 far away; what is within about a fifth of the side of a corner or click is near.
 */
export function initialPlaces(name: string, shape: readonly number[], random: Random): Floats | null {
  switch (name) {
    case "mask_decoder.places.scale.weight":
      return { dtype: "float32", shape, data: Float32Array.from(SCALES) };
    case "mask_decoder.places.cells.weight":
      return drawNormal(shape, random, { std: 0.1 });
    case "mask_decoder.places.cells.bias":
      return { dtype: "float32", shape, data: new Float32Array(shape[0] * shape[1]) };
    case "mask_decoder.places.pixels.weight":
      return drawKernel(shape, random);
    case BOX_BIASES:
      return drawBiases(shape);
    default:
      return null;
  }
}

/** [roles, signs, c]: small numbers for what is added to the map, and the planes as `ROLES` says. */
function drawKernel(shape: readonly number[], random: Random): Floats {
  const [, signs, channels] = shape;
  const { data } = drawNormal(shape, random, { std: 0.1 });
  ROLES.forEach(({ side, spot, near }, role) => {
    /** Of the first plane: signs are by axis and then by scale. */
    const at = (axis: number, scale: number): number =>
      (role * signs + axis * PLACE_SCALES + scale + 1) * channels - PLACE_PLANES;
    for (let axis = 0; axis < 3; axis++) {
      for (let scale = 0; scale < PLACE_SCALES; scale++)
        data.fill(0, at(axis, scale), at(axis, scale) + PLACE_PLANES);
    }
    data[at(0, CORNER)] = side;
    data[at(1, CORNER)] = side;
    data[at(2, spot[0])] = spot[1];
    data[at(2, NEAR) + 1] = near;
  });
  return { dtype: "float32", shape, data };
}

/**
 * The biases of pixels for a model that is surer of boxes than it has learned to be: masks of boxes begin `logits` higher.
 *
 * @param biases  the tensor `BOX_BIASES`
 */
export function raiseBoxes(biases: Floats, logits: number): Floats {
  const { shape } = biases;
  const raised = Float32Array.from(biases.data);
  ROLES.forEach(({ side }, role) => {
    if (side !== 0) raised[(role + 1) * shape[1] - PLACE_PLANES] += logits / 2; // a box has two corners
  });
  return { dtype: "float32", shape, data: raised };
}

function drawBiases(shape: readonly number[]): Floats {
  const [roles, channels] = shape;
  const data = new Float32Array(roles * channels);
  ROLES.forEach(({ bias }, role) => {
    data.set(bias, (role + 1) * channels - PLACE_PLANES);
  });
  return { dtype: "float32", shape, data };
}
