import type { NdArray } from "../../core/array.ts";
import type { Random } from "../../core/random.ts";
import {
  drawNormal,
  drawTruncatedNormal,
  drawUniform,
  drawXavierUniform,
  fansOf,
} from "../../engine/index.ts";
import type { SamConfig } from "./config.ts";
import { initialPlaces, tokenRoles } from "./initial-places.ts";
import { PLACE_DIRECTIONS, PLACE_PERIODS, PLACE_ROLES } from "./prompt-places.ts";
import { samTensors } from "./tensor-table.ts";

type Floats = NdArray<"float32">;

const GAUSSIAN = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix";

/**
 * What the training of a model with the hybrid encoder starts from. Much of it says from the beginning that a token means a place, which SAM
 * has the data to find out: tokens say where and what they are, masks begin as what the prompt says (`initialPlaces`), and in the decoder's
 * attention queries and keys are alike.
 *
 * Every residual branch of the encoder ends in zeros, so that at first it is a short network without norms.
 */
export function drawSam(config: SamConfig, random: Random): Map<string, Floats> {
  const tensors = new Map<string, Floats>();
  for (const [name, shape] of samTensors(config)) {
    const query = name.startsWith("mask_decoder.") ? name.replace(".k_proj.", ".q_proj.") : name;
    if (query !== name) tensors.set(name, tensors.get(query) as Floats);
    else tensors.set(name, draw(name, shape, random));
  }
  return tensors;
}

function draw(name: string, shape: readonly number[], random: Random): Floats {
  if (name === GAUSSIAN) return drawDirections(shape, random);
  if (/_tokens?\.|_embed/.test(name)) return drawToken(name, shape, random);
  if (name.startsWith("mask_decoder.places.")) {
    const places = initialPlaces(name, shape, random);
    if (places !== null) return places;
  }
  if (name === "mask_decoder.looks.weight") return floats(shape, Float32Array.of(0.1));
  if (/hypernetworks_mlps.*layers.2.bias/.test(name)) return lastOf(shape, 1);
  // Pictures count for less than places at first.
  if (name === "image_encoder.neck.3.weight") return filled(shape, 0.3, random);
  if (shape.length === 1) return filled(shape, name.endsWith("weight") ? 1 : 0, random);
  return name.startsWith("image_encoder.")
    ? drawEncoder(name, shape, random)
    : drawDecoder(name, shape, random);
}

/** Tokens leave free what places and roles are read off; a role is 1 there. */
function drawToken(name: string, shape: readonly number[], random: Random): Floats {
  const std = name.includes("no_mask_embed") ? 0 : name.includes("_embed") ? 0.5 : 0.3;
  const { data } = drawNormal(shape, random, { std });
  const dim = shape[1];
  const free = data.map((x, k) => (k % (dim / 2) < PLACE_DIRECTIONS + PLACE_ROLES ? 0 : x));
  const kind = tokenRoles.findIndex((role) => name === `prompt_encoder.${role}.weight`);
  if (kind >= 0) free[PLACE_DIRECTIONS + kind] = 1;
  return floats(shape, free);
}

/** Convolutions by their fan-in (He et al. 2015), dense layers as a ViT's. */
function drawEncoder(name: string, shape: readonly number[], random: Random): Floats {
  const endsBranch = /blocks\.\d+\.(conv2|proj|attn\.out_proj)\./.test(name);
  if (endsBranch) return filled(shape, 0, random);
  if (name === "image_encoder.position.weight") return drawXavierUniform(shape, random);
  const std = shape.length === 4 ? Math.sqrt(2 / fansOf(shape).fanIn) : 0.02;
  return drawTruncatedNormal(shape, random, { std, low: -2 * std, high: 2 * std });
}

/** Layers before a ReLU or GELU by their fan-in; what makes filters a thirtieth of that, so that the first masks are what the prompt says; the rest Xavier. */
function drawDecoder(name: string, shape: readonly number[], random: Random): Floats {
  if (!/mlp|head|upscaling/.test(name)) return drawXavierUniform(shape, random);
  const fanIn = name.includes("upscaling") ? shape[0] : fansOf(shape).fanIn;
  const gain = name.includes("layers.2.") ? 0.03 : 1;
  return drawNormal(shape, random, { std: gain * Math.sqrt(2 / fanIn) });
}

/**
 * Directions of the position code, [2, n], of lengths from fine to coarse; SAM's are all of one scale. The first pairs are for places
 * (`PLACE_PERIODS`); the sines of the next few are 0 everywhere, so that roles are told there.
 */
function drawDirections(shape: readonly number[], random: Random): Floats {
  const [, count] = shape;
  const lengths = Array.from({ length: count }, () => 0.5 * 8 ** random.next());
  const data = drawNormal(shape, random).data.map((x, k) => x * lengths[k % count]);
  for (const row of [0, count]) data.fill(0, row, row + PLACE_DIRECTIONS + PLACE_ROLES);
  PLACE_PERIODS.forEach((period, level) => {
    data[2 * level] = data[count + 2 * level + 1] = 0.25 / period;
  });
  return floats(shape, data);
}

/** Zeros, and at the end what is given. */
function lastOf(shape: readonly number[], value: number): Floats {
  const data = new Float32Array(shape[0]);
  data[data.length - 1] = value;
  return floats(shape, data);
}

function filled(shape: readonly number[], value: number, random: Random): Floats {
  return drawUniform(shape, random, { low: value, high: value });
}

function floats(shape: readonly number[], data: Float32Array): Floats {
  return { dtype: "float32", shape, data };
}
