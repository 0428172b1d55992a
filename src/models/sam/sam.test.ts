import { afterAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import type { Runtime } from "../../engine/index.ts";
import { relativeError } from "../../testing/golden.ts";
import { tryRuntime } from "../../testing/runtime.ts";
import { readEmbedding, writeEmbedding } from "./embedding.ts";
import { predictedMask } from "./postprocess.ts";
import { preprocess, shareOfSide } from "./preprocess.ts";
import type { Prompt } from "./prompt.ts";
import { createSam, type MaskPrediction } from "./sam.ts";
import { noise, randomTensors, tinyConfig, weightFile } from "./testing/tiny-sam.ts";

const runtime = await tryRuntime("sam");

const { normal } = random("mask");
const maskLogits: NdArray<"float32"> = {
  dtype: "float32",
  shape: [1, 16, 16],
  data: Float32Array.from({ length: 256 }, () => 4 * normal()),
};
const point: Prompt = { points: [{ x: 3, y: 1, positive: true }] };
const points: Prompt = { points: [...(point.points ?? []), { x: 5, y: 4, positive: false }] };
const box: Prompt = { box: { x0: 1, y0: 1, x1: 6, y1: 4 } };
const prompts: readonly Prompt[] = [
  point,
  box,
  { ...points, ...box },
  {},
  { maskLogits },
  { ...point, maskLogits },
  points,
  ...Array.from({ length: 21 }, (_, k) => ({ points: [{ x: k % 7, y: k % 5, positive: k % 2 === 0 }] })),
];

describe.skipIf(runtime === null)("Sam", () => {
  const file = weightFile(randomTensors(tinyConfig));
  const sam = createSam(file, tinyConfig, runtime as Runtime);
  afterAll(() => sam.dispose());

  const expectClose = (a: MaskPrediction, b: MaskPrediction): void => {
    expect(a.logits.shape).toEqual(b.logits.shape);
    a.logits.data.forEach((value, p) => {
      expect(value).toBeCloseTo(b.logits.data[p], 4);
    });
    a.predictedIou.forEach((value, m) => {
      expect(value).toBeCloseTo(b.predictedIou[m], 4);
    });
  };

  it("decodes prompts of all kinds together as one by one", async () => {
    const embedding = await sam.embed(noise(5, 7));
    expect(embedding).toMatchObject({ original: { height: 5, width: 7 }, input: { height: 6, width: 8 } });
    // Devices other than the CPU take batches.
    const batching = createSam(file, tinyConfig, { ...(runtime as Runtime), device: "webgpu" });
    const [together, inTurn, inPairs] = [
      await batching.decodeAll(embedding, prompts),
      await sam.decodeAll(embedding, prompts),
      await sam.decodeAll(embedding, prompts, { batch: 2 }),
    ];
    await batching.dispose();
    expect(together.length).toBe(prompts.length);
    for (const [k, prompt] of prompts.entries()) {
      const alone = await sam.decode(embedding, prompt);
      expectClose(alone, together[k]);
      expectClose(alone, inPairs[k]);
      expect(alone).toEqual(inTurn[k]);
    }
    expect(together[0].logits.data).not.toEqual(together[1].logits.data);
  });

  it("decodes one after the other, and draws only the masks that are kept", async () => {
    const embedding = await sam.embed(noise(5, 7));
    for (const multimask of [true, false]) {
      const all = await sam.decodeAll(embedding, prompts, { multimask });
      const estimates = all.flatMap(({ predictedIou }) => [...predictedIou]).sort((a, b) => a - b);
      const middle = estimates[estimates.length >> 1];
      const asked = new Set<number>();
      const seen = new Set<number>();
      let drawn = 0;
      const keep = (predictedIou: number, index: number): boolean => {
        asked.add(index);
        return predictedIou > middle;
      };
      for await (const kept of sam.decodeEach(embedding, prompts, { multimask, keep })) {
        const whole = all[kept.prompt];
        const { logits, predictedIou, indices } = kept;
        seen.add(kept.prompt);
        drawn += indices.length;
        expect(logits.shape).toEqual([indices.length, 16, 16]);
        const expected = [...whole.predictedIou.keys()].filter((m) => whole.predictedIou[m] > middle);
        expect(indices).toEqual(expected);
        for (const [k, m] of indices.entries()) {
          expect(predictedIou[k]).toBe(whole.predictedIou[m]);
          // Products of fewer filters are summed in another order.
          const wanted = whole.logits.data.subarray(256 * m, 256 * (m + 1));
          expect(relativeError(logits.data.subarray(256 * k, 256 * (k + 1)), wanted)).toBeLessThan(1e-5);
        }
      }
      expect(seen.size).toBe(prompts.length);
      expect(drawn).toBe(estimates.filter((estimate) => estimate > middle).length);
      expect([...asked].sort()).toEqual(multimask ? [0, 1, 2] : [0]);
    }
  });

  it("gives three masks or the one before them, of the picture's size", async () => {
    const embedding = await sam.embed(noise(7, 2));
    const three = await sam.decode(embedding, box);
    const one = await sam.decode(embedding, box, { multimask: false });
    expect([three.logits.shape, one.logits.shape]).toEqual([
      [3, 16, 16],
      [1, 16, 16],
    ]);
    expect([three.predictedIou.length, one.predictedIou.length]).toEqual([3, 1]);
    expect(predictedMask(three, 2)).toMatchObject({ height: 7, width: 2 });
  });

  it("decodes the tokens of a prompt as the prompt", async () => {
    const embedding = await sam.embed(noise(5, 7));
    const tokens = await sam.promptTokens([box, { box: { x0: 0, y0: 0, x1: 7, y1: 5 } }], embedding.original);
    expect(tokens.shape).toEqual([2, 2, tinyConfig.dim]);
    const first = {
      dtype: "float32",
      shape: [2, tinyConfig.dim],
      data: tokens.data.subarray(0, 2 * tinyConfig.dim),
    } as const;
    expectClose(await sam.decode(embedding, { tokens: first }), await sam.decode(embedding, box));
    await expect(sam.promptTokens([box, points], embedding.original)).rejects.toThrow("2 and 3 tokens");
    expect((await sam.promptTokens([], embedding.original)).shape).toEqual([0, 0, tinyConfig.dim]);
  });

  it("decodes an embedding that was saved", async () => {
    const embedding = await sam.embed(noise(5, 7));
    const read = readEmbedding(writeEmbedding(embedding));
    expect(read).toEqual(embedding);
    expectClose(await sam.decode(read, point), await sam.decode(embedding, point));
  });

  it("decodes no prompts to nothing", async () => {
    expect(await sam.decodeAll(await sam.embed(noise(1, 1)), [])).toEqual([]);
  });

  it("says what is wrong with a prompt or an embedding", async () => {
    const embedding = await sam.embed(noise(5, 7));
    const tokens: NdArray<"float32"> = { dtype: "float32", shape: [1, 3], data: new Float32Array(3) };
    const failing = (prompt: Prompt) => expect(sam.decode(embedding, prompt)).rejects;
    await failing({ tokens }).toThrow("prompt: tokens: expected [n, 16], got [1, 3]");
    await failing({ tokens: { ...tokens, shape: [1, 16], data: new Float32Array(16) }, ...box }).toThrow(
      "no points and no box",
    );
    await failing({ maskLogits: tokens }).toThrow("prompt: maskLogits: expected [16, 16], got [1, 3]");
    await failing({ tokens: { ...tokens, shape: [1, 16] } }).toThrow("16 numbers for [1, 16], got 3");
    await failing({ points: [{ x: Number.NaN, y: 0, positive: true }] }).toThrow("finite numbers");
    await expect(sam.decode({ ...embedding, features: tokens }, box)).rejects.toThrow(
      "decode: embedding: expected [1, 16, 4, 4], got [1, 3]",
    );
    await expect(sam.decodeAll(embedding, [box], { batch: 0 })).rejects.toThrow("decode: batch");
  });
});

describe("preprocess", () => {
  it("puts the picture at the top left and the mean color around it", () => {
    const { pixels, input } = preprocess(
      { height: 1, width: 2, data: Uint8Array.of(255, 0, 0, 0, 0, 255) },
      2,
    );
    expect(input).toEqual({ height: 1, width: 2 });
    const rounded = [...pixels.data].map((value) => Math.round(value * 1000) / 1000);
    expect(rounded).toEqual([2.249, -2.118, 0, 0, -2.036, -2.036, 0, 0, -1.804, 2.64, 0, 0]);
  });

  it("leaves a row of a picture however thin", () => {
    expect(preprocess(noise(1, 100), 8).input).toEqual({ height: 1, width: 8 });
    expect(preprocess(noise(100, 1), 8).input).toEqual({ height: 8, width: 1 });
  });
});

describe("shareOfSide", () => {
  it("rounds after each step, or once", () => {
    const coordinate = 100.1;
    expect(shareOfSide(coordinate, 1024, "float64")).toBe(Math.fround((100.1 + 0.5) / 1024));
    expect(shareOfSide(511.5, 1024, "float32")).toBe(0.5);
    const differing = Array.from({ length: 100 }, (_, k) => k * 0.037).filter(
      (value) => shareOfSide(value, 1024, "float32") !== shareOfSide(value, 1024, "float64"),
    );
    expect(differing.length).toBeGreaterThan(0);
  });
});

describe("readEmbedding", () => {
  const features: NdArray<"float32"> = { dtype: "float32", shape: [1, 1, 1, 1], data: Float32Array.of(1) };
  const size = { height: 2, width: 3 };

  it("keeps what other models have beside the features", () => {
    const extra = { high: { ...features, shape: [1, 1], data: Float32Array.of(2) } };
    const embedding = { features, extra, original: size, input: size, upscaling: "bilinear" } as const;
    expect(readEmbedding(writeEmbedding(embedding))).toEqual(embedding);
  });

  it("refuses other files", () => {
    const bad = writeEmbedding({ features: { ...features, shape: [1] }, original: size, input: size });
    expect(() => readEmbedding(bad, "a.safetensors")).toThrow('a.safetensors: expected a tensor "features"');
    const huge = writeEmbedding({ features, original: { height: 1e6, width: 1e6 }, input: size });
    expect(() => readEmbedding(huge)).toThrow("embedding: original");
    const extra = { positions: { dtype: "int32", shape: [1], data: Int32Array.of(1) } as never };
    const whole = writeEmbedding({ features, extra, original: size, input: size });
    expect(() => readEmbedding(whole)).toThrow('embedding: "positions": expected float32, got int32');
    const odd = writeEmbedding({ features, original: size, input: { height: 0.5, width: 3 } });
    expect(() => readEmbedding(odd)).toThrow('a size such as "375x500", got 0.5x3');
  });
});
