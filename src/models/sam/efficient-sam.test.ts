import { afterAll, describe, expect, it } from "vitest";
import { elementCount } from "../../core/array.ts";
import { createGraph, gradients, input, mul, type Runtime, sum, type Tensor } from "../../engine/index.ts";
import { interpret } from "../../engine/testing/interpreter.ts";
import { relativeError } from "../../testing/golden.ts";
import { tryRuntime } from "../../testing/runtime.ts";
import { stretchImage } from "./efficient-preprocess.ts";
import { efficientSamDesign, placeEfficientPoints } from "./efficient-sam.ts";
import { readEmbedding, writeEmbedding } from "./embedding.ts";
import { floats } from "./floats.ts";
import { createMaskEncoder } from "./mask-runs.ts";
import { absolutePositions, encodePlainVit } from "./plain-vit.ts";
import { predictedMask, stabilityOf, upscaleLogits } from "./postprocess.ts";
import type { Prompt } from "./prompt.ts";
import { createSam } from "./sam.ts";
import { noise, randomTensors, tinyEfficientConfig, weightFile } from "./testing/tiny-sam.ts";
import type { Weights } from "./weights.ts";

const config = tinyEfficientConfig;
const tensors = randomTensors(config);
const runtime = await tryRuntime("EfficientSAM");

const point: Prompt = { points: [{ x: 3, y: 1, positive: true }] };
const box: Prompt = { box: { x0: 1, y0: 1, x1: 6, y1: 4 } };

describe.skipIf(runtime === null)("Sam, as EfficientSAM", () => {
  const sam = createSam(weightFile(tensors), config, runtime as Runtime);
  afterAll(() => sam.dispose());

  it("stretches a picture and makes masks of its size", async () => {
    const embedding = await sam.embed(noise(5, 7));
    expect(embedding).toMatchObject({
      original: { height: 5, width: 7 },
      input: { height: 8, width: 8 },
      upscaling: "bicubic",
    });
    const three = await sam.decode(embedding, box);
    const one = await sam.decode(embedding, box, { multimask: false });
    expect([three.logits.shape, one.logits.shape]).toEqual([
      [3, 16, 16],
      [1, 16, 16],
    ]);
    expect(predictedMask(three, 2)).toMatchObject({ height: 5, width: 7 });
  });

  it("decodes an embedding that was saved, and the tokens of a prompt as the prompt", async () => {
    const embedding = await sam.embed(noise(5, 7));
    const read = readEmbedding(writeEmbedding(embedding));
    expect(read).toEqual(embedding);
    const tokens = await sam.promptTokens([point, { ...point, ...box }], embedding.original);
    expect(tokens.shape).toEqual([2, config.pointCount, config.dim]);
    const first = floats([config.pointCount, config.dim], tokens.data.subarray(0, tokens.data.length / 2));
    expect(await sam.decode(read, { tokens: first })).toEqual(await sam.decode(embedding, point));
  });

  it("gives each prompt of a batch what it gets alone, and draws only the masks that are kept", async () => {
    const embedding = await sam.embed(noise(3, 2));
    const prompts = [point, box, {}, { ...point, ...box }];
    const predictions = await sam.decodeAll(embedding, prompts);
    for await (const kept of sam.decodeEach(embedding, prompts, { batch: 4, keep: (_, m) => m === 1 })) {
      const { logits } = predictions[kept.prompt];
      expect(relativeError(kept.logits.data, logits.data.subarray(256, 512))).toBeLessThan(1e-5);
    }
    expect(predictions[0].logits.data).not.toEqual(predictions[1].logits.data);
  });

  it("says what it cannot express", async () => {
    const embedding = await sam.embed(noise(2, 3));
    const failing = (prompt: Prompt) => expect(sam.decode(embedding, prompt)).rejects;
    await failing({ points: [{ x: 1, y: 1, positive: false }] }).toThrow(
      "prompt: points: expected positive ones for EfficientSAM",
    );
    await failing({ maskLogits: floats([16, 16], new Float32Array(256)) }).toThrow(
      "prompt: maskLogits: expected none for EfficientSAM",
    );
    const many = Array.from({ length: 3 }, () => ({ x: 1, y: 1, positive: true }));
    await failing({ points: many, ...box }).toThrow("at most 4 for EfficientSAM, of which a box takes 2");
    await failing({ points: [{ x: Number.NaN, y: 0, positive: true }] }).toThrow("finite numbers");
    await failing({ tokens: floats([1, 16], new Float32Array(16)), ...box }).toThrow("no points and no box");
  });
});

describe("placeEfficientPoints", () => {
  it("scales to the square and fills up with points at −1", () => {
    const frame = { original: { height: 4, width: 16 }, input: { height: 8, width: 8 } };
    const prompt: Prompt = {
      points: [
        { x: 15, y: 3, positive: true },
        { x: -3, y: 1, positive: true },
      ],
    };
    expect(placeEfficientPoints(prompt, frame, "float32", 3)).toEqual({
      coordinates: [(7.5 + 0.5) / 8, (6 + 0.5) / 8, (-1 + 0.5) / 8, (2 + 0.5) / 8, -0.5 / 8, -0.5 / 8],
      kinds: [1, 1, 0],
    });
    expect(placeEfficientPoints(box, frame, "float64", 2).kinds).toEqual([2, 3]);
  });
});

describe("stretchImage", () => {
  it("keeps a picture of the input's size and normalises it", () => {
    const { pixels } = stretchImage({ height: 1, width: 1, data: Uint8Array.of(255, 0, 124) }, 1);
    const rounded = [...pixels.data].map((value) => Math.round(value * 1000) / 1000);
    expect(rounded).toEqual([2.249, -2.036, 0.357]);
  });

  it("mixes neighbors when it stretches and skips when it shrinks", () => {
    const image = { height: 1, width: 2, data: Uint8Array.of(20, 20, 20, 220, 220, 220) };
    const { pixels, input } = stretchImage(image, 4);
    expect(input).toEqual({ height: 4, width: 4 });
    const levels = [...pixels.data.subarray(0, 8)].map((value) => Math.round((value * 0.229 + 0.485) * 255));
    expect(levels).toEqual([20, 70, 170, 220, 20, 70, 170, 220]);
    const row = { height: 1, width: 4, data: Uint8Array.from([0, 0, 0, 9, 9, 9, 3, 3, 3, 5, 5, 5]) };
    expect(Math.round((stretchImage(row, 1).pixels.data[0] * 0.229 + 0.485) * 255)).toBe(6);
  });
});

describe("upscaleLogits, in one bicubic step", () => {
  it("leaves logits of the picture's size as they are, and may exceed their range", () => {
    const logits = floats([1, 2, 3], Float32Array.of(0, 1, 2, 3, 4, 5));
    const predictedIou = Float32Array.of(1);
    const input = { height: 4, width: 4 };
    const same = {
      logits,
      predictedIou,
      original: { height: 2, width: 3 },
      input,
      upscaling: "bicubic",
    } as const;
    expect([...upscaleLogits(same, 0).data]).toEqual([...logits.data]);
    const step = floats([1, 1, 4], Float32Array.of(0, 0, 1, 1));
    const wide = { ...same, logits: step, original: { height: 1, width: 8 } };
    // t = ¼ and ¾ between neighbors: a = −0.75.
    expect([...upscaleLogits(wide, 0).data].map((value) => value.toFixed(4))).toEqual([
      "0.0000",
      "-0.0352",
      "-0.1055",
      "0.2266",
      "0.7734",
      "1.1055",
      "1.0352",
      "1.0000",
    ]);
  });

  it("gives the mask encoder the same masks", () => {
    const { data } = noise(8, 8);
    const low = Float32Array.from(data.subarray(0, 64), (value) => (value > 128 ? 2 : -2) + (value % 7) / 10);
    const frame = {
      original: { height: 29, width: 17 },
      input: { height: 8, width: 8 },
      upscaling: "bicubic",
    } as const;
    const prediction = { ...frame, logits: floats([1, 8, 8], low), predictedIou: Float32Array.of(1) };
    const { area, stability } = createMaskEncoder(frame, { height: 8, width: 8 })(low);
    const logits = upscaleLogits(prediction, 0);
    expect(area).toBe(logits.data.filter((logit) => logit > 0).length);
    expect(stability).toBeCloseTo(stabilityOf(logits), 6);
  });
});

describe("EfficientSAM's networks", () => {
  const feeds = Object.fromEntries([...tensors].map(([name, { data }]) => [name, data]));
  const { side } = config.encoder;
  const pixels = Float64Array.from(noise(side, side).data, (value) => value / 64 - 2);

  it("give the same with any bound on scores", () => {
    const encode = (scores: number): Float64Array => {
      const graph = createGraph();
      const x = input(graph, "pixels", [1, 3, side, side]);
      const weights: Weights = (name) => weightOf(x, `image_encoder.${name}`);
      return interpret([encodePlainVit(weights, x, config.encoder, scores)], { ...feeds, pixels })[0].data;
    };
    const whole = encode(1e6);
    for (const size of [1, 100, 256, 300]) expect(relativeError(encode(size), whole)).toBeLessThan(1e-13);
  });

  it("leave positions as they are on a grid of their own size", () => {
    const graph = createGraph();
    const table = input(graph, "table", [1, 5, 3]);
    const data = Float32Array.from({ length: 15 }, (_, p) => p);
    const [same] = interpret([absolutePositions(table, 2)], { table: data });
    expect([...same.data]).toEqual([...data.subarray(3)]);
  });

  it("have gradients by the picture that differences confirm", () => {
    const graph = createGraph();
    const x = input(graph, "pixels", [1, 3, side, side]);
    const design = efficientSamDesign(config);
    const weights: Weights = (name) => weightOf(x, name);
    const { features } = design.encodeImage(weights, x);
    const image = design.prepareImage(weights, features, null);
    const sparse = input(graph, "sparse", [1, 2, config.dim]);
    const decoded = design.decodeTokens(weights, image, sparse);
    const masks = design.drawMasks(weights, decoded.image, decoded.filters, {});
    const loss = sum(mul(masks, input(graph, "u", masks.shape)));
    const at: Record<string, ArrayLike<number>> = {
      ...feeds,
      sparse: Float64Array.from({ length: 2 * config.dim }, (_, k) => Math.sin(k)),
      u: Float64Array.from({ length: elementCount(masks.shape as number[]) }, (_, k) => Math.cos(3 * k)),
    };
    const [gradient] = interpret([gradients(loss, { x }).x], { ...at, pixels });
    const scale = gradient.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const lossAt = (index: number, step: number): number => {
      const moved = pixels.slice();
      moved[index] += step;
      return interpret([loss], { ...at, pixels: moved })[0].data[0];
    };
    for (const index of [0, 50, 101, 191]) {
      const h = 1e-5;
      const difference = (lossAt(index, h) - lossAt(index, -h)) / (2 * h);
      expect(Math.abs(difference - gradient.data[index]) / scale).toBeLessThan(1e-6);
    }
  });

  const known = new WeakMap<object, Map<string, Tensor>>();
  /** A weight as an input of the graph, so that the interpreter sees it in float64. */
  function weightOf({ graph }: Tensor, name: string): Tensor {
    const own = known.get(graph) ?? new Map<string, Tensor>();
    known.set(graph, own);
    const tensor = own.get(name) ?? input(graph, name, tensors.get(name)?.shape ?? []);
    own.set(name, tensor);
    return tensor;
  }
});
