import type { NdArray } from "../../core/array.ts";
import type { Random } from "../../core/random.ts";
import {
  drawFanInUniform,
  drawNormal,
  drawTruncatedNormal,
  drawUniform,
  fansOf,
} from "../../engine/index.ts";
import { type SegmenterNetwork, segmenterTensors } from "./network.ts";

/**
 * What training starts from. Of SegFormer's encoder: matrices truncated normal (0.02), convolutions normal by the fan out of a group, biases 0,
 * norms 1 and 0, as published. Of its head and of a light one: projections as PyTorch draws them, the mixing of stages normal for a ReLU by its
 * fan out, the classifier normal (0.01) with biases 0.
 *
 * @see NVlabs/SegFormer, `mix_transformer.py`, `_init_weights`; mmsegmentation, `BaseDecodeHead` and mmcv's `ConvModule`
 */
export function drawSegmenter(network: SegmenterNetwork, random: Random): Map<string, NdArray<"float32">> {
  const shapes = segmenterTensors(network);
  return new Map([...shapes].map(([name, shape]) => [name, draw(name, shape, { shapes, random })]));
}

/** Of `trunc_normal_`. */
const MATRIX = 0.02;
const CLASSIFIER = 0.01;

interface Source {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly random: Random;
}

function draw(name: string, shape: readonly number[], { shapes, random }: Source): NdArray<"float32"> {
  const all = (value: number): NdArray<"float32"> => drawUniform(shape, random, { low: value, high: value });
  if (/norm/.test(name)) return all(/\.weight$|running_var$/.test(name) ? 1 : 0);
  if (/\.proj\.(weight|bias)$/.test(name) && /^(decode_head|head)\./.test(name)) {
    const matrix = shapes.get(name.replace(/bias$/, "weight")) as readonly number[];
    return drawFanInUniform(shape, random, fansOf(matrix).fanIn);
  }
  if (name.endsWith(".bias")) return all(0);
  if (name.includes("classifier")) return drawNormal(shape, random, { std: CLASSIFIER });
  if (shape.length === 2) return drawTruncatedNormal(shape, random, { std: MATRIX });
  const [outputs, , height, width] = shape;
  // Of the depthwise convolutions each output has a group of its own.
  const groups = name.includes("dwconv") ? outputs : 1;
  return drawNormal(shape, random, { std: Math.sqrt((2 * groups) / (height * width * outputs)) });
}
