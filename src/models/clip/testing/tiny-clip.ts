import { elementCount, type NdArray } from "../../../core/array.ts";
import { random } from "../../../core/random.ts";
import type { ClipConfig } from "../config.ts";
import type { TextTokenizer } from "../tokenizer.ts";
import { clipTensors } from "../weights.ts";

/** A CLIP so small that the interpreter can differentiate it by differences; trained on a grid of 3×3 patches. */
export const tinyConfig: ClipConfig = {
  vision: { side: 6, patch: 2, dim: 8, depth: 3, heads: 2 },
  text: { context: 12, vocabulary: 30, dim: 6, depth: 2, heads: 2 },
  dim: 5,
};

/** Weights that keep numbers near 1 through all layers, the same every time. */
export function randomTensors(config: ClipConfig): Map<string, NdArray<"float32">> {
  const { normal } = random("tiny clip");
  const tensors = new Map<string, NdArray<"float32">>();
  for (const [name, shape] of clipTensors(config)) {
    const scale = shape.length > 1 ? 1 / Math.sqrt(shape[shape.length - 1]) : 0.5;
    const offset = /\.ln_\w+\.weight$/.test(name) || name === "ln_final.weight" ? 1 : 0;
    const data = Float32Array.from({ length: elementCount(shape) }, () => offset + scale * normal());
    tensors.set(name, { dtype: "float32", shape, data });
  }
  return tensors;
}

/** One token for each letter, and for ".": a is 1, "." is 27. Blanks count for nothing. */
export const letterTokenizer: TextTokenizer = {
  startToken: 28,
  endToken: 29,
  encode: (text) =>
    [...text.toLowerCase()]
      .filter((each) => each !== " ")
      .map((each) => (each === "." ? 27 : each.charCodeAt(0) - 96)),
};
