import { expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { createGraph, input, type Tensor } from "../../engine/index.ts";
import { interpret } from "../../engine/testing/interpreter.ts";
import { randomTensors, tinyConfig } from "../../models/clip/testing/tiny-clip.ts";
import { encodeTokens } from "../../models/clip/vision.ts";
import { clipTensors } from "../../models/clip/weights.ts";
import { appendMeanBlock, learnedConfig } from "./mean-block.ts";

it("completes the network by a block that adds the same to all tokens: twice their mean, scaled for comparison", () => {
  const learned = randomTensors(learnedConfig(tinyConfig));
  const complete = appendMeanBlock(learned, tinyConfig);
  expect(new Map([...complete].map(([name, { shape }]) => [name, shape]))).toEqual(clipTensors(tinyConfig));
  for (const [name, tensor] of learned) expect(complete.get(name)).toBe(tensor);

  const { dim, depth } = tinyConfig.vision;
  const count = 5;
  const { normal } = random("tokens");
  const feeds: Record<string, ArrayLike<number>> = {
    stem: Float32Array.from({ length: count * dim }, normal),
  };
  const graph = createGraph();
  const weights = (name: string): Tensor => {
    const tensor = complete.get(name) as NdArray;
    feeds[name] = tensor.data as Float32Array;
    return input(graph, name, tensor.shape);
  };
  const { blocks, activation } = encodeTokens(weights, input(graph, "stem", [1, count, dim]), tinyConfig);
  const [before, after, scaled] = interpret([blocks[depth - 2], blocks[depth - 1], activation], feeds).map(
    ({ data }) => Array.from(data, Number),
  );
  for (let d = 0; d < dim; d++) {
    const mean = Array.from({ length: count }, (_, t) => scaled[t * dim + d]).reduce((a, b) => a + b) / count;
    for (let t = 0; t < count; t++) expect(after[t * dim + d] - before[t * dim + d]).toBeCloseTo(2 * mean, 4);
  }
});
