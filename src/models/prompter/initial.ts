import type { NdArray } from "../../core/array.ts";
import type { Random } from "../../core/random.ts";
import { drawFanInUniform, drawNormal, drawUniform, drawXavierUniform, fansOf } from "../../engine/index.ts";
import type { PrompterConfig } from "./config.ts";
import { prompterTensors } from "./weights.ts";

/**
 * What training starts from: matrices of the transformer Xavier-uniform, their attention biases 0; convolutions and heads as PyTorch draws
 * them; positions 0; queries standard normal. The biases of the MLPs are the same in all layers of the encoder, and in all of the decoder,
 * since the original copies one layer.
 */
export function drawPrompter(config: PrompterConfig, random: Random): Map<string, NdArray<"float32">> {
  const shapes = prompterTensors(config);
  const tensors = new Map<string, NdArray<"float32">>();
  for (const [name, shape] of shapes) {
    const first = name.replace(/\.layers\.\d+\./, ".layers.0.");
    const isCopied = first !== name && /\.linear\d\.bias$/.test(name);
    const copied = isCopied ? tensors.get(first) : undefined;
    tensors.set(
      name,
      copied === undefined ? draw(name, shape, { shapes, random }) : { ...copied, data: copied.data.slice() },
    );
  }
  return tensors;
}

interface Source {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly random: Random;
}

function draw(name: string, shape: readonly number[], { shapes, random }: Source): NdArray<"float32"> {
  if (name === "query_embed.weight") return drawNormal(shape, random);
  const isNorm = /norm\d?\.|^conv_layers\.[14]\./.test(name);
  if (isNorm) return filled(shape, name.endsWith("weight") ? 1 : 0, random);
  if (name === "pos_embed" || /\.in_proj_bias$|\.out_proj\.bias$/.test(name)) return filled(shape, 0, random);
  if (name.startsWith("prompter.") && shape.length > 1) return drawXavierUniform(shape, random);
  const matrix = shapes.get(name.replace(/bias$/, "weight")) as readonly number[];
  return drawFanInUniform(shape, random, fansOf(matrix).fanIn);
}

function filled(shape: readonly number[], value: number, random: Random): NdArray<"float32"> {
  return drawUniform(shape, random, { low: value, high: value });
}
