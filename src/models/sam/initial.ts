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
import { samTensors } from "./tensor-table.ts";

type Floats = NdArray<"float32">;

const GAUSSIAN = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix";
/** What a token is, in the order of the roles of `lookForPrompt`. */
const KINDS = [0, 1, 2, 3].map((k) => `prompt_encoder.point_embeddings.${k}.weight`);
const ROLES = "mask_decoder.places.role.weight";

/**
 * What the training of a model with the hybrid encoder starts from. Much of it says from the beginning that a token means a place, which SAM
 * has the data to find out: `lookForPrompt` reads places and roles right, and in the decoder's attention queries and keys are alike.
 *
 * Every residual branch of the encoder ends in zeros, so that at first it is a short network without norms.
 */
export function drawSam(config: SamConfig, random: Random): Map<string, Floats> {
  const tensors = new Map<string, Floats>();
  const drawn = (name: string): Floats => tensors.get(name) as Floats;
  for (const [name, shape] of samTensors(config)) {
    const query = name.startsWith("mask_decoder.") ? name.replace(".k_proj.", ".q_proj.") : name;
    if (query !== name) tensors.set(name, drawn(query));
    else if (name === ROLES) tensors.set(name, readRoles(KINDS.map(drawn)));
    else tensors.set(name, draw(name, shape, random));
  }
  return tensors;
}

function draw(name: string, shape: readonly number[], random: Random): Floats {
  if (name === GAUSSIAN) return drawDirections(shape, random);
  if (/_tokens?\.|_embed/.test(name)) return drawToken(name, shape, random);
  if (name === "mask_decoder.places.place.weight") return readPlaces(shape);
  if (name === "mask_decoder.places.scale.weight") return floats(shape, Float32Array.of(3, 12, 48));
  // Pictures count for less than places at first.
  if (name === "image_encoder.neck.3.weight") return filled(shape, 0.3, random);
  if (shape.length === 1) return filled(shape, name.endsWith("weight") ? 1 : 0, random);
  return name.startsWith("image_encoder.")
    ? drawEncoder(name, shape, random)
    : drawDecoder(name, shape, random);
}

/** Tokens leave free what `readPlaces` reads. */
function drawToken(name: string, shape: readonly number[], random: Random): Floats {
  const std = name.includes("no_mask_embed") ? 0 : name.includes("_embed") ? 0.5 : 0.3;
  const { data } = drawNormal(shape, random, { std });
  const dim = shape[1];
  return floats(
    shape,
    data.map((x, k) => (k % dim < 2 ? 0 : x)),
  );
}

/** Convolutions by their fan-in (He et al. 2015), dense layers as a ViT's. */
function drawEncoder(name: string, shape: readonly number[], random: Random): Floats {
  const endsBranch = /blocks\.\d+\.(conv2|proj|attn\.out_proj)\./.test(name);
  if (endsBranch) return filled(shape, 0, random);
  if (name === "image_encoder.position.weight") return drawXavierUniform(shape, random);
  const std = shape.length === 4 ? Math.sqrt(2 / fansOf(shape).fanIn) : 0.02;
  return drawTruncatedNormal(shape, random, { std, low: -2 * std, high: 2 * std });
}

/** Layers before a ReLU or GELU by their fan-in; what makes filters a third of that, so that the first masks are undecided; the rest Xavier. */
function drawDecoder(name: string, shape: readonly number[], random: Random): Floats {
  if (!/mlp|head|upscaling/.test(name)) return drawXavierUniform(shape, random);
  const fanIn = name.includes("upscaling") ? shape[0] : fansOf(shape).fanIn;
  const gain = name.includes("layers.2.") ? 0.3 : 1;
  return drawNormal(shape, random, { std: gain * Math.sqrt(2 / fanIn) });
}

/**
 * Directions of the position code, [2, n], of lengths from fine to coarse; SAM's are all of one scale. The first two are so coarse that their
 * sines are nearly x and y.
 */
function drawDirections(shape: readonly number[], random: Random): Floats {
  const [, count] = shape;
  const lengths = Array.from({ length: count }, () => 0.5 * 8 ** random.next());
  const data = drawNormal(shape, random).data.map((x, k) => x * lengths[k % count]);
  [data[0], data[1], data[count], data[count + 1]] = [0.1, 0, 0, 0.1];
  return floats(shape, data);
}

/** The sines of the first two directions. */
function readPlaces(shape: readonly number[]): Floats {
  const data = new Float32Array(shape[0] * shape[1]);
  data[0] = 1;
  data[shape[1] + 1] = 1;
  return floats(shape, data);
}

/** Rows that give about 1 for a token of their kind. */
function readRoles(kinds: readonly Floats[]): Floats {
  const rows = kinds.map(({ data }) => {
    const square = data.reduce((sum, x) => sum + x * x, 0);
    return Array.from(data, (x) => x / square);
  });
  return floats([rows.length, rows[0].length], Float32Array.from(rows.flat()));
}

function filled(shape: readonly number[], value: number, random: Random): Floats {
  return drawUniform(shape, random, { low: value, high: value });
}

function floats(shape: readonly number[], data: Float32Array): Floats {
  return { dtype: "float32", shape, data };
}
