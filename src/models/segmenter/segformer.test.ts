import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { elementCount, type NdArray } from "../../core/array.ts";
import {
  type Arrays,
  compile,
  compileTraining,
  createGraph,
  frozenWeights,
  gradients,
  input,
  type Tensor,
  type WeightFile,
} from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { interpret } from "../../engine/testing/interpreter.ts";
import { pixelCrossEntropy } from "../../methods/segment/losses.ts";
import { relativeError, reportGolden } from "../../testing/golden.ts";
import { type SegformerConfig, type SegformerVariant, segformerConfig } from "./config.ts";
import { segment, segmentInTraining } from "./segformer.ts";
import { segformerTensors } from "./tensor-table.ts";

interface Stored {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** By golden/segformer/segformer.py. */
const golden: {
  readonly config: SegformerConfig;
  readonly rate: number;
  readonly weightDecay: number;
  readonly classWeights: readonly number[];
  readonly weights: Readonly<Record<string, Stored>>;
  readonly image: Stored;
  readonly labels: Stored;
  readonly predicted: Stored;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, Stored>>;
  readonly after: Readonly<Record<string, Stored>>;
} = JSON.parse(readFileSync(new URL("../../../golden/segformer/tiny.json", import.meta.url), "utf8"));

const runtime = await openNodeRuntime({ threads: 1 });

function floats({ shape, data }: Stored): NdArray<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(data) };
}

const arrays = new Map(Object.entries(golden.weights).map(([name, stored]) => [name, floats(stored)]));

describe("SegFormer", () => {
  it("has the tensors of its table, and those only", () => {
    const table = [...segformerTensors(golden.config)].map(([name, shape]) => [name, [...shape]]);
    const wanted = Object.entries(golden.weights).map(([name, { shape }]) => [name, shape]);
    expect(table.sort()).toEqual(wanted.sort());
  });

  it.each<[SegformerVariant, number]>([
    ["segformer-b0", 3.8],
    ["segformer-b1", 13.7],
    ["segformer-b2", 27.5],
    ["segformer-b3", 47.3],
    ["segformer-b4", 64.1],
    ["segformer-b5", 84.7],
  ])("has the published parameters for 150 classes (%s: %f million)", (variant, millions) => {
    const table = [...segformerTensors(segformerConfig(variant, 150))];
    const trained = table.filter(([name]) => !name.includes("running"));
    const count = trained.reduce((sum, [, shape]) => sum + elementCount(shape), 0);
    expect(Number((count / 1e6).toFixed(1))).toBe(millions);
  });

  it("predicts what PyTorch does", async () => {
    const graph = createGraph();
    const tensors = new Map(
      [...arrays].map(([name, array]) => [
        name,
        { dtype: "float32" as const, shape: array.shape, range: null, read: () => array },
      ]),
    );
    const file: WeightFile = { where: "tiny", tensors, metadata: new Map() };
    const image = input(graph, "image", golden.image.shape);
    const executable = await compile(
      { logits: segment(frozenWeights(graph, file), image, golden.config) },
      runtime,
    );
    const { logits } = await executable.run({ image: floats(golden.image) });
    expect(logits.shape).toEqual(golden.predicted.shape);
    const error = relativeError(logits.data as Float32Array, golden.predicted.data);
    reportGolden("segformer/tiny prediction", golden.predicted.data.length, error);
    expect(error).toBeLessThan(1e-5);
    await executable.dispose();
  });

  it("has PyTorch's loss and gradients, and its parameters after a step", async () => {
    const graph = createGraph();
    const inputs = new Map([...arrays].map(([name, { shape }]) => [name, input(graph, name, shape)]));
    const image = input(graph, "image", golden.image.shape);
    const labels = input(graph, "labels", golden.labels.shape, "int32");
    const weights = (name: string): Tensor => inputs.get(name) as Tensor;
    const { logits, running } = segmentInTraining(weights, image, golden.config);
    const loss = pixelCrossEntropy(logits, labels, { classWeights: golden.classWeights });
    const { shape, data } = golden.labels;
    const feeds: Arrays = {
      image: floats(golden.image),
      labels: { dtype: "int32", shape, data: Int32Array.from(data) },
    };
    let [compared, worst] = [0, 0];
    const compare = (name: string, got: ArrayLike<number>, wanted: ArrayLike<number>): void => {
      const error = relativeError(got, wanted);
      expect(error, name).toBeLessThan(1e-4);
      compared += wanted.length;
      worst = Math.max(worst, error);
    };

    const trained = Object.fromEntries([...inputs].filter(([name]) => !name.includes("running")));
    const slopes = gradients(loss, trained);
    // In float64: norms over four channels are a harder test of rounding than of the network.
    const numbers = Object.fromEntries([
      ...Object.entries(golden.weights).map(([name, { data }]) => [name, data] as const),
      ["image", golden.image.data] as const,
      ["labels", golden.labels.data] as const,
    ]);
    const values = interpret(Object.values(slopes), numbers);
    const found = new Map(Object.keys(slopes).map((name, k) => [name, values[k].data]));
    // A bias that a softmax or a batch norm takes back has a gradient of nothing but rounding.
    const sizeOf = (values: Iterable<number>): number => Math.max(...Array.from(values, Math.abs));
    const largest = Math.max(...Object.values(golden.gradients).map(({ data }) => sizeOf(data)));
    const [idle, others] = [true, false].map((isIdle) =>
      Object.entries(golden.gradients).filter(([, { data }]) => sizeOf(data) < 1e-12 * largest === isIdle),
    );
    for (const [name] of idle) {
      expect(name).toMatch(/(key|linear_c\.\d\.proj|encoder\.layer_norm\.3)\.bias$/);
      expect(sizeOf(found.get(name) as Float64Array), name).toBeLessThan(1e-12 * largest);
    }
    for (const [name, { data }] of others) compare(name, found.get(name) as Float64Array, data);

    const trainer = await compileTraining({ loss, parameters: Object.values(trained), running }, runtime, {
      start: { tensors: arrays },
      optimizer: { kind: "adamw", weightDecay: golden.weightDecay },
    });
    compare("loss", [(await trainer.step([feeds], golden.rate)).loss], [golden.loss]);
    const { tensors } = await trainer.state();
    for (const [name, wanted] of Object.entries(golden.after))
      if (!idle.some(([each]) => each === name))
        compare(name, tensors.get(name)?.data as Float32Array, wanted.data);
    reportGolden("segformer/tiny training", compared, worst);
    await trainer.dispose();
  });
});
