import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { compile, createGraph, input } from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { type PixelLossOptions, pixelCrossEntropy, softCrossEntropy } from "./losses.ts";

const runtime = await openNodeRuntime({ threads: 1 });

/** Logits of two classes, 0 and log 3, are shares of 1/4 and 3/4. */
const SHARES = [0.25, 0.75];

/** The loss of a 1 × n picture whose logits have the picture's size. */
async function lossOf(
  labels: readonly number[],
  { confidence, ...options }: Omit<PixelLossOptions, "confidence"> & { confidence?: readonly number[] } = {},
): Promise<number> {
  const width = labels.length;
  const graph = createGraph();
  const [logits, wanted] = [
    input(graph, "logits", [1, 2, 1, width]),
    input(graph, "wanted", [1, 1, width], "int32"),
  ];
  const sure = confidence === undefined ? {} : { confidence: input(graph, "sure", [1, 1, width]) };
  const executable = await compile(
    { loss: pixelCrossEntropy(logits, wanted, { ...options, ...sure }) },
    runtime,
  );
  const row = (values: readonly number[]): NdArray => ({
    dtype: "float32",
    shape: [1, 1, width],
    data: Float32Array.from(values),
  });
  const { loss } = await executable.run({
    logits: {
      dtype: "float32",
      shape: [1, 2, 1, width],
      data: Float32Array.from({ length: 2 * width }, (_, k) => (k < width ? 0 : Math.log(3))),
    },
    wanted: { dtype: "int32", shape: [1, 1, width], data: Int32Array.from(labels) },
    ...(confidence !== undefined && { sure: row(confidence) }),
  });
  await executable.dispose();
  return (loss.data as Float32Array)[0];
}

const miss = SHARES.map((share) => -Math.log(share));

describe("pixelCrossEntropy", () => {
  it("is the mean of −log p over pixels that are known", async () => {
    expect(await lossOf([0, 1, 1, 255])).toBeCloseTo((miss[0] + 2 * miss[1]) / 3, 5);
  });

  it("divides by the weights of classes and pixels", async () => {
    expect(await lossOf([0, 1, 255], { classWeights: [3, 1] })).toBeCloseTo((3 * miss[0] + miss[1]) / 4, 5);
    expect(await lossOf([0, 1, 255], { confidence: [0.5, 1, 9] })).toBeCloseTo(
      (0.5 * miss[0] + miss[1]) / 1.5,
      5,
    );
  });

  it("is 0 where nothing is known", async () => {
    expect(await lossOf([255, 255])).toBe(0);
  });

  it("enlarges the logits as PyTorch does", async () => {
    const graph = createGraph();
    const logits = input(graph, "logits", [1, 2, 1, 2]);
    const labels = input(graph, "labels", [1, 1, 4], "int32");
    const executable = await compile({ loss: pixelCrossEntropy(logits, labels) }, runtime);
    const { loss } = await executable.run({
      logits: { dtype: "float32", shape: [1, 2, 1, 2], data: Float32Array.of(0, 4, 0, 0) },
      labels: { dtype: "int32", shape: [1, 1, 4], data: Int32Array.of(1, 1, 0, 0) },
    });
    // 0, 1, 3 and 4 against 0.
    const softplus = (x: number): number => Math.log1p(Math.exp(x));
    const wanted = (softplus(0) + softplus(1) + softplus(-3) + softplus(-4)) / 4;
    expect((loss.data as Float32Array)[0]).toBeCloseTo(wanted, 5);
    await executable.dispose();
  });
});

describe("softCrossEntropy", () => {
  it("takes shares of classes, and leaves pixels without any out", async () => {
    const graph = createGraph();
    const [logits, targets] = ["logits", "targets"].map((name) => input(graph, name, [1, 2, 1, 2]));
    const executable = await compile({ loss: softCrossEntropy(logits, targets) }, runtime);
    const four = (...values: number[]): NdArray => ({
      dtype: "float32",
      shape: [1, 2, 1, 2],
      data: Float32Array.from(values),
    });
    const { loss } = await executable.run({
      logits: four(0, 0, Math.log(3), Math.log(3)),
      targets: four(0.4, 0, 0.6, 0),
    });
    expect((loss.data as Float32Array)[0]).toBeCloseTo(0.4 * miss[0] + 0.6 * miss[1], 5);
    await executable.dispose();
  });
});
