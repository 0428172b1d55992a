import type { NdArray } from "../../core/array.ts";
import type { Random } from "../../core/random.ts";
import { drawFanInUniform, drawNormal, drawUniform, fansOf } from "../../engine/index.ts";
import type { ClipConfig } from "./config.ts";
import { clipTensors } from "./weights.ts";

/** The temperature that training starts from, log(1 / 0.07). */
const LOGIT_SCALE = Math.log(1 / 0.07);

/**
 * What training CLIP from nothing starts from: norms 1 and 0, biases 0, the temperature 1 / 0.07, all else normal, by deviations that shrink
 * with the width and, where a block writes to its residual, with the depth.
 *
 * @see openai/CLIP, `model.py`, `CLIP.initialize_parameters`. Differs: the blocks of the image encoder, which are left to PyTorch's defaults
 *      there, are drawn as those of the text encoder.
 */
export function drawClip(config: ClipConfig, random: Random): Map<string, NdArray<"float32">> {
  const tensors = new Map<string, NdArray<"float32">>();
  for (const [name, shape] of clipTensors(config)) tensors.set(name, draw(name, shape, config, random));
  return tensors;
}

function draw(
  name: string,
  shape: readonly number[],
  { vision, text }: ClipConfig,
  random: Random,
): NdArray<"float32"> {
  const normal = (std: number): NdArray<"float32"> => drawNormal(shape, random, { std });
  const { dim, depth } = name.startsWith("visual.") ? vision : text;
  if (name === "logit_scale") return filled(shape, LOGIT_SCALE, random);
  if (/\bln_\w+\.weight$/.test(name)) return filled(shape, 1, random);
  if (/bias$/.test(name)) return filled(shape, 0, random);
  if (name === "token_embedding.weight") return normal(0.02);
  if (name === "positional_embedding") return normal(0.01);
  if (name.endsWith("conv1.weight")) return drawFanInUniform(shape, random, fansOf(shape).fanIn);
  if (name.endsWith("c_fc.weight")) return normal((2 * dim) ** -0.5);
  if (/\.(out_proj|c_proj)\.weight$/.test(name)) return normal(dim ** -0.5 * (2 * depth) ** -0.5);
  return normal(dim ** -0.5);
}

function filled(shape: readonly number[], value: number, random: Random): NdArray<"float32"> {
  return drawUniform(shape, random, { low: value, high: value });
}
