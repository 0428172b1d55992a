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
import { placeKeys } from "./initial-place-keys.ts";
import { samTensors } from "./tensor-table.ts";

type Floats = NdArray<"float32">;

const GAUSSIAN = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix";

/**
 * What the training of a model with the hybrid encoder starts from. Much of it says from the beginning that a token means a place, which SAM
 * has the data to find out: keys of `lookForPrompt` are set, and in the decoder's attention queries and keys are made alike.
 *
 * Every residual branch of the encoder ends in zeros, so that at first it is a short network without norms.
 */
export function drawSam(config: SamConfig, random: Random): Map<string, Floats> {
  const tensors = new Map<string, Floats>();
  for (const [name, shape] of samTensors(config)) {
    const query = name.startsWith("mask_decoder.") ? name.replace(".k_proj.", ".q_proj.") : name;
    const tensor =
      name === "mask_decoder.places.key.weight"
        ? placeKeys(tensors.get(GAUSSIAN) as Floats, shape)
        : query === name
          ? draw(name, shape, random)
          : (tensors.get(query) as Floats);
    tensors.set(name, tensor);
  }
  return tensors;
}

function draw(name: string, shape: readonly number[], random: Random): Floats {
  if (name === GAUSSIAN) return drawDirections(shape, random);
  const isMatrix = shape.length > 1;
  if (isMatrix && /_tokens?\.|_embed/.test(name)) return drawNormal(shape, random, { std: tokenStd(name) });
  // Pictures count for less than places at first.
  if (name === "image_encoder.neck.3.weight") return filled(shape, 0.3, random);
  if (!isMatrix) return filled(shape, name.endsWith("weight") ? 1 : 0, random);
  return name.startsWith("image_encoder.")
    ? drawEncoder(name, shape, random)
    : drawDecoder(name, shape, random);
}

function tokenStd(name: string): number {
  if (name.includes("no_mask_embed")) return 0;
  return name.includes("_embed") ? 0.5 : 0.3;
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

/** Directions of the position code, [2, n], of lengths from fine to coarse; SAM's are all of one scale. */
function drawDirections(shape: readonly number[], random: Random): Floats {
  const [, count] = shape;
  const lengths = Array.from({ length: count }, () => 0.5 * 8 ** random.next());
  const { data } = drawNormal(shape, random);
  return { dtype: "float32", shape, data: data.map((x, k) => x * lengths[k % count]) };
}

function filled(shape: readonly number[], value: number, random: Random): Floats {
  return drawUniform(shape, random, { low: value, high: value });
}
