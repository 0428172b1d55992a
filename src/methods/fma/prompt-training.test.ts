import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import {
  type Arrays,
  compileTraining,
  constant,
  decodeCheckpoint,
  drawNormal,
  encodeCheckpoint,
  gradients,
  layerNorm,
  linear,
  matmul,
  mean,
  type Runtime,
  reshape,
  slice,
  softmax,
  type Tensor,
  type TrainerStart,
  type TrainingGraph,
  transpose,
} from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { interpret } from "../../engine/testing/interpreter.ts";
import { relativeError } from "../../testing/golden.ts";
import { segmentationFeeds } from "./prompt-batches.ts";
import {
  CONTEXT_NAME,
  classificationTraining,
  type LastBlock,
  promptOptimizer,
  promptRate,
  segmentationTraining,
  type TextSide,
} from "./prompt-training.ts";

const [BATCH, CLASSES, PROMPTS, EMBED, DIM] = [4, 3, 5, 6, 8];
const grid = { height: 2, width: 2 };
const labelSize = { height: 4, width: 4 };

const drawFrom = (seed: string, ...shape: number[]): NdArray<"float32"> => drawNormal(shape, random(seed));
/** The same constant wherever it is asked for in a graph. */
const fixed = ({ graph }: Tensor, seed: string, ...shape: number[]): Tensor =>
  constant(graph, drawFrom(seed, ...shape).data, { shape });

/** Texts are a fixed matrix times the context; the last block mixes tokens by attention without weights. */
const text: TextSide = {
  contextShape: [2, EMBED],
  classCount: CLASSES,
  scale: 10,
  encode: (context) =>
    reshape(matmul(fixed(context, "texts", PROMPTS * EMBED, 2 * EMBED), reshape(context, [2 * EMBED, 1])), [
      PROMPTS,
      EMBED,
    ]),
};
const lastBlock: LastBlock = (tokens) => ({
  activation: layerNorm(tokens),
  finish: (activation) => {
    const shares = softmax(matmul(activation, transpose(activation, [0, 2, 1])));
    const mixed = linear(matmul(shares, activation), fixed(tokens, "block", DIM, EMBED));
    return mean(slice(mixed, { axis: 1, start: 1 }), { axes: 1 });
  },
});

const present = Float32Array.of(1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0);
const pictures = drawFrom("pictures", BATCH, EMBED);
const classificationFeeds: Arrays = {
  pictures,
  present: { dtype: "float32", shape: [BATCH, CLASSES], data: present },
};
const segmentationOptions = { batch: BATCH, rows: 3, grid, dim: DIM, labelSize };
const samples = Array.from({ length: BATCH }, (_, k) => ({
  tokens: drawFrom(`tokens ${k}`, 5, DIM).data,
  classes: [1, 2, 3].filter((id) => present[k * CLASSES + id - 1] === 1),
  labels: Uint8Array.from({ length: 16 }, (_, p) => [0, 1, 2, 3, 255][(p * (k + 2)) % 5]),
}));
const start = (): TrainerStart => ({ tensors: new Map([[CONTEXT_NAME, drawFrom("context", 2, EMBED)]]) });

async function openRuntime(): Promise<Runtime | null> {
  try {
    return await openNodeRuntime({ threads: 1 });
  } catch (error) {
    console.warn(`SKIPPED: training prompts: ${(error as Error).message}`);
    return null;
  }
}
const runtime = await openRuntime();

/** Losses of some steps, and the context after them. */
async function train(
  training: TrainingGraph,
  feeds: readonly Arrays[],
  steps: number,
  from: TrainerStart = start(),
) {
  const trainer = await compileTraining(training, runtime as Runtime, {
    optimizer: promptOptimizer,
    microBatches: feeds.length,
    start: from,
  });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) losses.push((await trainer.step(feeds, 0.01)).loss);
  const state = await trainer.state();
  await trainer.dispose();
  return { losses, state, context: (state.tensors.get(CONTEXT_NAME) as NdArray<"float32">).data };
}

describe.skipIf(runtime === null)("training prompts", () => {
  it("learns both sets", async () => {
    const first = await train(
      classificationTraining(text, { batch: BATCH, embeddingLength: EMBED }),
      [classificationFeeds],
      40,
    );
    expect(first.losses[39]).toBeLessThan(0.5 * first.losses[0]);
    const feeds = segmentationFeeds(samples, { ...segmentationOptions, classCount: CLASSES });
    const second = await train(segmentationTraining(text, lastBlock, segmentationOptions), feeds, 40);
    expect(feeds).toHaveLength(2);
    expect(second.losses[39]).toBeLessThan(0.9 * second.losses[0]);
  });

  it("makes the same step in one run and in several", async () => {
    const contexts = await Promise.all(
      [2, 3, 7, 9].map(async (rows) => {
        const options = { ...segmentationOptions, rows };
        const feeds = segmentationFeeds(samples, { ...options, classCount: CLASSES });
        return (await train(segmentationTraining(text, lastBlock, options), feeds, 3)).context;
      }),
    );
    for (const context of contexts) expect(relativeError(context, contexts[0])).toBeLessThan(1e-5);
  });

  it("goes on from a checkpoint as if it had not stopped", async () => {
    const training = (): TrainingGraph =>
      classificationTraining(text, { batch: BATCH, embeddingLength: EMBED });
    const whole = await train(training(), [classificationFeeds], 6);
    const half = await train(training(), [classificationFeeds], 3);
    const bytes = encodeCheckpoint({ ...half.state, step: 3, random: random(1).state(), config: {} });
    const rest = await train(training(), [classificationFeeds], 3, decodeCheckpoint(bytes, "checkpoint"));
    expect(rest.context).toEqual(whole.context);
  });
});

describe("accumulation", () => {
  const numbers = (feeds: Arrays): Record<string, ArrayLike<number>> =>
    Object.fromEntries(
      Object.entries(feeds).map(([name, { data }]) => [name, Array.from(data as Float32Array, Number)]),
    );
  const slopeOf = ({ loss, parameters }: TrainingGraph, feeds: Arrays): number[][] =>
    interpret([loss, gradients(loss, parameters)[0]], {
      ...numbers(feeds),
      [CONTEXT_NAME]: drawFrom("context", 2, EMBED).data,
    }).map(({ data }) => [...data]);

  it("averages parts that are normalized on their own", () => {
    const lossOf = (parts: number): number =>
      slopeOf(
        classificationTraining(text, { batch: BATCH, embeddingLength: EMBED, parts }),
        classificationFeeds,
      )[0][0];
    const alone = [0, 1, 2, 3].map((k) => {
      const part = classificationTraining(text, { batch: 1, embeddingLength: EMBED });
      const own = (data: Float32Array, length: number): NdArray => ({
        dtype: "float32",
        shape: [1, length],
        data: data.slice(k * length, (k + 1) * length),
      });
      return slopeOf(part, { pictures: own(pictures.data, EMBED), present: own(present, CLASSES) })[0][0];
    });
    const average = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    expect(lossOf(4)).toBeCloseTo(average(alone), 10);
    expect(Math.abs(lossOf(4) - lossOf(1))).toBeGreaterThan(1e-3);
    expect(() => lossOf(3)).toThrow("a divisor of the batch of 4");
  });

  it("normalizes the CAM loss part by part, and reports both sides of it", () => {
    const options = { ...segmentationOptions, rows: 8 };
    const lossIn = (parts: number): number[] => {
      const [feeds] = segmentationFeeds(samples, { ...options, classCount: CLASSES, parts });
      const { loss, report = {} } = segmentationTraining(text, lastBlock, options);
      const context = drawFrom("context", 2, EMBED).data;
      const outputs = [loss, report.foreground, report.background];
      return interpret(outputs, { ...numbers(feeds), [CONTEXT_NAME]: context }).map(({ data }) => data[0]);
    };
    const [whole, parted] = [lossIn(1), lossIn(2)];
    for (const [loss, foreground, background] of [whole, parted])
      expect(loss).toBeCloseTo(foreground + background, 10);
    expect(Math.abs(parted[0] - whole[0])).toBeGreaterThan(1e-6);
  });
});

describe("promptRate", () => {
  it("is constant, then half a cosine", () => {
    const rate = promptRate(1800, { warmupSteps: 500 });
    expect([0, 499, 500, 1150].map(rate)).toEqual([1e-5, 1e-5, 1e-3, expect.closeTo(5e-4, 12)]);
    expect(promptRate(10, { warmupSteps: 0, rate: 2 })(0)).toBe(2);
    expect(() => promptRate(10, { warmupSteps: 10 })).toThrow("fewer than 10 steps");
  });
});
