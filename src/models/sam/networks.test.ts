import { describe, expect, it } from "vitest";
import { elementCount } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { createGraph, type Graph, gradients, input, mul, sum, type Tensor } from "../../engine/index.ts";
import { interpret } from "../../engine/testing/interpreter.ts";
import { relativeError } from "../../testing/golden.ts";
import { MASK_COUNT } from "./config.ts";
import { encodeImage } from "./image-encoder.ts";
import { type DecodedMasks, decodeMasks, prepareImage } from "./mask-decoder.ts";
import { encodeMask, encodeNoMask } from "./prompt-encoder.ts";
import { randomTensors, tinyConfig } from "./testing/tiny-sam.ts";
import type { Weights } from "./weights.ts";

const { side } = tinyConfig.encoder;
const { dim } = tinyConfig;
const tensors = randomTensors(tinyConfig);
const feeds: Record<string, ArrayLike<number>> = Object.fromEntries(
  [...tensors].map(([name, { data }]) => [name, data]),
);

/** Weights as inputs of the graph, so that the interpreter sees them in float64. */
function weightsOf(graph: Graph): Weights {
  const known = new Map<string, Tensor>();
  return (name) => {
    const tensor = known.get(name) ?? input(graph, name, tensors.get(name)?.shape ?? []);
    known.set(name, tensor);
    return tensor;
  };
}

function draws(seed: string, count: number): Float64Array {
  const { normal } = random(seed);
  return Float64Array.from({ length: count }, () => normal());
}

/** Everything from a picture and the tokens of prompts to masks. */
function wholeSam(batch: number, tokens: number): { pixels: Tensor; sparse: Tensor; decoded: DecodedMasks } {
  const graph = createGraph();
  const weights = weightsOf(graph);
  const pixels = input(graph, "pixels", [1, 3, side, side]);
  const sparse = input(graph, "sparse", [batch, tokens, dim]);
  const features = encodeImage(weights, pixels, tinyConfig);
  const image = prepareImage(weights, features, encodeNoMask(weights), tinyConfig);
  return { pixels, sparse, decoded: decodeMasks(weights, image, sparse, tinyConfig) };
}

describe("SAM's networks", () => {
  const pixels = draws("pixels", 3 * side * side);

  it("give the same with any bound on scores", () => {
    const embed = (scores: number): Float64Array => {
      const graph = createGraph();
      const x = input(graph, "pixels", [1, 3, side, side]);
      const features = encodeImage(weightsOf(graph), x, tinyConfig, { scores });
      expect(features.shape).toEqual([1, dim, 4, 4]);
      return interpret([features], { ...feeds, pixels })[0].data;
    };
    const whole = embed(1e6);
    for (const size of [1, 40, 200, 300]) expect(relativeError(embed(size), whole)).toBeLessThan(1e-13);
  });

  it("give each picture of a batch what it gets alone", () => {
    const embed = (batch: number, data: Float64Array): Float64Array => {
      const graph = createGraph();
      const x = input(graph, "pixels", [batch, 3, side, side]);
      return interpret([encodeImage(weightsOf(graph), x, tinyConfig)], { ...feeds, pixels: data })[0].data;
    };
    const other = draws("other", pixels.length);
    const both = embed(2, Float64Array.from([...pixels, ...other]));
    expect(relativeError(both, [...embed(1, pixels), ...embed(1, other)])).toBeLessThan(1e-13);
  });

  it("give each prompt of a batch what it gets alone, with and without masks", () => {
    const features = draws("features", dim * 16);
    const sparse = draws("sparse", 2 * 3 * dim);
    const mask = draws("mask", 2 * 256);
    const decode = (batch: number, withMasks: boolean, first: number): number[] => {
      const graph = createGraph();
      const weights = weightsOf(graph);
      const dense = withMasks
        ? encodeMask(weights, input(graph, "mask", [batch, 1, 16, 16]))
        : encodeNoMask(weights);
      const image = prepareImage(weights, input(graph, "features", [1, dim, 4, 4]), dense, tinyConfig);
      const { masks, predictedIou } = decodeMasks(
        weights,
        image,
        input(graph, "sparse", [batch, 3, dim]),
        tinyConfig,
      );
      expect(masks.shape).toEqual([batch, MASK_COUNT, 16, 16]);
      const part = (data: Float64Array, size: number): Float64Array =>
        data.subarray(first * size, (first + batch) * size);
      const values = interpret([masks, predictedIou], {
        ...feeds,
        features,
        sparse: part(sparse, 3 * dim),
        mask: part(mask, 256),
      });
      return values.flatMap(({ data }) => [...data]);
    };
    for (const withMasks of [false, true]) {
      const both = decode(2, withMasks, 0);
      const [a, b] = [decode(1, withMasks, 0), decode(1, withMasks, 1)];
      const masks = MASK_COUNT * 256;
      const apart = [...a.slice(0, masks), ...b.slice(0, masks), ...a.slice(masks), ...b.slice(masks)];
      expect(relativeError(both, apart)).toBeLessThan(1e-13);
    }
  });

  it("decode without any token of a prompt", () => {
    const { decoded } = wholeSam(1, 0);
    const [masks] = interpret([decoded.masks], { ...feeds, pixels });
    expect(masks.data.every(Number.isFinite)).toBe(true);
  });

  it("have gradients by the picture and by the tokens that differences confirm", () => {
    const { pixels: x, sparse, decoded } = wholeSam(2, 2);
    const { masks, predictedIou } = decoded;
    const graph = x.graph;
    const weigh = (tensor: Tensor, name: string): Tensor =>
      sum(mul(tensor, input(graph, name, tensor.shape)));
    const loss = sum(mul(weigh(masks, "u"), weigh(predictedIou, "v")));
    const found = gradients(loss, { pixels: x, sparse });
    const count = ({ shape }: Tensor): number => elementCount(shape as number[]);
    const at: Record<string, Float64Array> = {
      pixels,
      sparse: draws("sparse", count(sparse)),
      u: draws("u", count(masks)),
      v: draws("v", count(predictedIou)),
    };
    const lossAt = (name: string, index: number, step: number): number => {
      const moved = at[name].slice();
      moved[index] += step;
      return interpret([loss], { ...feeds, ...at, [name]: moved })[0].data[0];
    };
    const { integer } = random("where");
    for (const name of ["pixels", "sparse"] as const) {
      const gradient = interpret([found[name]], { ...feeds, ...at })[0].data;
      const scale = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(scale).toBeGreaterThan(0);
      for (let k = 0; k < 8; k++) {
        const index = integer(gradient.length);
        const h = 1e-5;
        const difference = (lossAt(name, index, h) - lossAt(name, index, -h)) / (2 * h);
        expect(Math.abs(difference - gradient[index]) / scale, `${name}[${index}]`).toBeLessThan(1e-6);
      }
    }
  });
});
