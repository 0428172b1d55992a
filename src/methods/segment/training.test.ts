import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import {
  type Arrays,
  compile,
  createGraph,
  encodeCheckpoint,
  input,
  type Tensor,
  type Trainer,
  type TrainerState,
} from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { tinyMobileNet, tinyMobileNetTensors } from "../../models/mobilenet/testing/tiny-mobilenet.ts";
import { mobileNetWeights } from "../../models/mobilenet/weights.ts";
import { weightFile } from "../../models/sam/testing/tiny-sam.ts";
import { mobileNetEncoder } from "../../models/segmenter/frozen-encoder.ts";
import { drawSegmenter } from "../../models/segmenter/initial.ts";
import { AVERAGE_PREFIX, segmenterTensors } from "../../models/segmenter/network.ts";
import { imageNetNormalization } from "../../models/segmenter/normalization.ts";
import { segmentInTraining } from "../../models/segmenter/segformer.ts";
import { tinyNetworks, tinySegformer } from "../../models/segmenter/testing/tiny-segmenter.ts";
import { blendOf, drawDrops } from "./drops.ts";
import { segmenterOptimizer } from "./optimizer.ts";
import { compileSegmenterTraining, type SegmenterTrainingOptions, type TrainedNetwork } from "./training.ts";

const runtime = await openNodeRuntime({ threads: 1 });
const mobileNet = mobileNetWeights(weightFile(tinyMobileNetTensors()), tinyMobileNet);
const encoder = mobileNetEncoder(mobileNet, tinyMobileNet);
const trained: Readonly<Record<"segformer" | "light", TrainedNetwork>> = {
  segformer: {
    network: tinyNetworks.segformer,
    encoder: null,
    normalization: imageNetNormalization,
  },
  light: { network: tinyNetworks.light, encoder, normalization: encoder.normalization },
};

const [BATCH, SIDE] = [2, 32];

function open(
  kind: "segformer" | "light",
  options: Partial<SegmenterTrainingOptions> = {},
): Promise<Trainer> {
  const { network } = trained[kind];
  return compileSegmenterTraining(trained[kind], runtime, {
    ...{ batch: BATCH, side: SIDE, supervision: "classes", averaged: false },
    ...{ weightDecay: 0.01, headRate: 10, start: { tensors: drawSegmenter(network, random(1)) } },
    ...options,
  });
}

/** SHA-256 of all that a checkpoint would hold. */
function digestOf(state: TrainerState): string {
  const checkpoint = { ...state, step: 0, random: random(0).state(), config: null };
  return createHash("sha256").update(encodeCheckpoint(checkpoint)).digest("hex");
}

const bytes = (shape: readonly number[], of: (at: number) => number): NdArray<"uint8"> => ({
  dtype: "uint8",
  shape,
  data: Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => of(at)),
});

/** Squares of which the left is dark and the right is bright, class 0 and 2; a stripe is not known. */
function halves(): Record<"pixels" | "labels", NdArray<"uint8">> {
  const { integer } = random("halves");
  const isRight = (at: number): boolean => at % SIDE >= SIDE / 2;
  return {
    pixels: bytes([BATCH, 3, SIDE, SIDE], (at) => (isRight(at) ? 180 : 20) + integer(50)),
    labels: bytes([BATCH, SIDE, SIDE], (at) => (at % SIDE < 4 ? 255 : isRight(at) ? 2 : 0)),
  };
}

const feedsOf = (kind: "segformer" | "light", step: number): Arrays => ({
  ...halves(),
  ...drawDrops(trained[kind].network, BATCH, `${step}`),
});

describe("compileSegmenterTraining", () => {
  it.each(["segformer", "light"] as const)("learns dark from bright (%s)", async (kind) => {
    const trainer = await open(kind);
    const losses: number[] = [];
    for (let step = 0; step < 40; step++)
      losses.push((await trainer.step([feedsOf(kind, step)], kind === "light" ? 0.02 : 2e-3)).loss);
    expect(losses[0]).toBeGreaterThan(0.6);
    expect(losses[39]).toBeLessThan(losses[0] / 2);
    const { pixels } = halves();
    const one = bytes([1, 3, SIDE, SIDE], (at) => pixels.data[at]);
    const { logits } = await trainer.evaluate("predict", { pixels: one });
    const [, classes, rows, columns] = logits.shape;
    const data = logits.data as Float32Array;
    const winners = Array.from({ length: rows * columns }, (_, p) => {
      const scores = Array.from({ length: classes }, (_, c) => data[c * rows * columns + p]);
      return scores.indexOf(Math.max(...scores));
    });
    const isRight = winners.map((winner, p) => winner === (p % columns >= columns / 2 ? 2 : 0));
    expect(isRight.filter(Boolean).length).toBeGreaterThan(0.9 * winners.length);
    await trainer.dispose();
  });

  it("counts pixels by how sure they are, and takes shares of classes", async () => {
    const { pixels, labels } = halves();
    const drops = drawDrops(trained.light.network, BATCH, "0");
    const lossOf = async (options: Partial<SegmenterTrainingOptions>, feeds: Arrays): Promise<number> => {
      const trainer = await open("light", options);
      const { loss } = await trainer.step([{ pixels, ...drops, ...feeds }], 0);
      await trainer.dispose();
      return loss;
    };
    const plain = await lossOf({}, { labels });
    const sure = bytes(labels.shape, () => 128);
    expect(await lossOf({ supervision: "weighted" }, { labels, confidence: sure })).toBeCloseTo(plain, 5);
    const left = bytes(labels.shape, (at) => (labels.data[at] === 0 ? 255 : 0));
    const onlyLeft = bytes(labels.shape, (at) => (labels.data[at] === 0 ? 0 : 255));
    const weighted = await lossOf({ supervision: "weighted" }, { labels, confidence: left });
    expect(weighted).toBeCloseTo(await lossOf({}, { labels: onlyLeft }), 5);
    expect(weighted).not.toBeCloseTo(plain, 3);
    expect(await lossOf({ classWeights: [1, 1, 0] }, { labels })).toBeCloseTo(weighted, 5);
    const cells = SIDE / 4;
    const shares: NdArray<"float32"> = {
      dtype: "float32",
      shape: [BATCH, 3, cells, cells],
      data: Float32Array.from({ length: BATCH * 3 * cells * cells }, (_, at) =>
        Math.floor(at / (cells * cells)) % 3 === 0 ? 1 : 0,
      ),
    };
    const allLeft = bytes(labels.shape, () => 0);
    // The same but for the grid on which logits are compared.
    expect(await lossOf({ supervision: "shares" }, { shares })).toBeCloseTo(
      await lossOf({}, { labels: allLeft }),
      2,
    );
  });

  it.each(["segformer", "light"] as const)("keeps averages and predicts by them (%s)", async (kind) => {
    const trainer = await open(kind, { averaged: true });
    const before = await trainer.state();
    const names = [...segmenterTensors(trained[kind].network).keys()].filter(
      (name) => !name.includes("running"),
    );
    const start = names.map((name) => before.tensors.get(name)?.data.slice());
    const blend = (value: number): Arrays => ({
      blend: { dtype: "float32", shape: [1], data: Float32Array.of(value) },
    });
    // The first step moves averages towards what it begins with, which they are.
    await trainer.step([{ ...feedsOf(kind, 0), ...blend(0.5) }], 1e-2);
    const first = await trainer.state();
    const averages = names.map((name) => first.tensors.get(AVERAGE_PREFIX + name)?.data as Float32Array);
    expect(averages.map((data, k) => data.every((value, p) => value === start[k]?.[p]))).not.toContain(false);
    await trainer.step([{ ...feedsOf(kind, 1), ...blend(0.25) }], 1e-2);
    const second = await trainer.state();
    let worst = 0;
    for (const [k, name] of names.entries()) {
      const moved = first.tensors.get(name)?.data as Float32Array;
      const average = second.tensors.get(AVERAGE_PREFIX + name)?.data as Float32Array;
      const old = start[k] as Float32Array;
      average.forEach((value, p) => {
        worst = Math.max(worst, Math.abs(value - old[p] - 0.25 * (moved[p] - old[p])));
      });
    }
    expect(worst).toBeLessThan(1e-6);
    await trainer.dispose();
  });

  it("goes on from its state to the same numbers", async () => {
    const whole = await open("segformer", { averaged: true });
    const feeds = (step: number): Arrays => ({
      ...feedsOf("segformer", step),
      blend: { dtype: "float32", shape: [1], data: Float32Array.of(blendOf(step, 0.999)) },
    });
    const first = await whole.step([feeds(0)], 1e-3);
    const start = await whole.state();
    const second = await whole.step([feeds(1)], 1e-3);
    const resumed = await open("segformer", { averaged: true, start });
    expect(await resumed.step([feeds(1)], 1e-3)).toEqual(second);
    expect(second.loss).not.toBe(first.loss);
    const digests = await Promise.all([resumed, whole].map(async (each) => digestOf(await each.state())));
    expect(digests[0]).toBe(digests[1]);
    await Promise.all([whole.dispose(), resumed.dispose()]);
  });
});

describe("stochastic depth and dropout", () => {
  /** Logits in training with the factors given. */
  async function logitsWith(branches: number | null, channels: number): Promise<Float32Array> {
    const graph = createGraph();
    const drawn = drawSegmenter(tinyNetworks.segformer, random(1));
    const inputs = new Map([...drawn].map(([name, { shape }]) => [name, input(graph, name, shape)]));
    const image = input(graph, "image", [1, 3, 32, 32]);
    const ones = (name: string, shape: readonly number[]): Tensor => input(graph, name, shape);
    const drops =
      branches === null
        ? null
        : {
            branches: ones("branches", [8, 1]),
            channels: ones("channels", [1, tinySegformer.decoderDim, 1, 1]),
          };
    const weights = (name: string): Tensor => inputs.get(name) as Tensor;
    const { logits } = segmentInTraining(weights, image, tinySegformer, drops);
    const filled = (shape: readonly number[], value: number): NdArray => ({
      dtype: "float32",
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
    });
    const executable = await compile({ logits }, runtime);
    const { normal } = random("image");
    const feeds: Record<string, NdArray> = {
      ...Object.fromEntries([...drawn].filter(([name]) => !name.includes("running"))),
      image: {
        dtype: "float32",
        shape: [1, 3, 32, 32],
        data: Float32Array.from({ length: 3 * 32 * 32 }, normal),
      },
    };
    if (branches !== null) {
      feeds.branches = filled([8, 1], branches);
      feeds.channels = filled([1, tinySegformer.decoderDim, 1, 1], channels);
    }
    const result = await executable.run(feeds);
    await executable.dispose();
    return result.logits.data as Float32Array;
  }

  it("leaves everything in with factors of 1, branches out with 0, and all but the bias with channels of 0", async () => {
    const plain = await logitsWith(null, 1);
    const kept = await logitsWith(1, 1);
    expect(Math.max(...plain.map((value, p) => Math.abs(value - kept[p])))).toBeLessThan(1e-5);
    expect(await logitsWith(0, 1)).not.toEqual(plain);
    expect(new Set(await logitsWith(1, 0))).toEqual(new Set([0]));
  });
});

describe("segmenterOptimizer", () => {
  it("decays matrices only, and lets SegFormer's head learn faster", () => {
    const names = [...segmenterTensors(tinyNetworks.segformer).keys()];
    const { groups = [] } = segmenterOptimizer(names, { weightDecay: 0.01, headRate: 10 });
    const of = (name: string): unknown => {
      const { rateScale, weightDecay } = groups.find((group) => group.names.includes(name)) ?? {};
      return [rateScale, weightDecay];
    };
    expect(of("segformer.encoder.block.0.0.mlp.dense1.weight")).toEqual([1, 0.01]);
    expect(of("segformer.encoder.block.0.0.mlp.dense1.bias")).toEqual([1, 0]);
    expect(of("segformer.encoder.block.0.0.layer_norm_1.weight")).toEqual([1, 0]);
    expect(of("decode_head.classifier.weight")).toEqual([10, 0.01]);
    expect(of("decode_head.batch_norm.weight")).toEqual([10, 0]);
    const trainedNames = names.filter((name) => !name.includes("running"));
    expect(groups.flatMap((group) => group.names).sort()).toEqual(trainedNames.sort());
  });
});
