import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { compile, createGraph, frozenWeights, input, type WeightFile } from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { relativeError, reportGolden } from "../../testing/golden.ts";
import { type MobileNetConfig, mobileNetConvs, mobileNetV2 } from "./config.ts";
import { mobileNetFeatures } from "./network.ts";
import { kernelShape, mobileNetWeights } from "./weights.ts";

interface Stored {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** By golden/mobilenet/mobilenet.py. */
const golden: {
  readonly config: MobileNetConfig;
  readonly weights: Readonly<Record<string, Stored>>;
  readonly image: Stored;
  readonly features: Readonly<Record<string, Stored>>;
} = JSON.parse(readFileSync(new URL("../../../golden/mobilenet/tiny.json", import.meta.url), "utf8"));

function floats({ shape, data }: Stored): NdArray<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(data) };
}

function weightFile(entries: readonly (readonly [string, Stored])[]): WeightFile {
  const tensors = entries.map(([name, stored]) => {
    const array = floats(stored);
    return [name, { dtype: "float32" as const, shape: array.shape, range: null, read: () => array }] as const;
  });
  return { where: "tiny", tensors: new Map(tensors), metadata: new Map() };
}

const file = weightFile(Object.entries(golden.weights));

describe("mobileNetFeatures", () => {
  it("has the numbers of PyTorch for every output stride", async () => {
    const runtime = await openNodeRuntime({ threads: 1 });
    const weights = mobileNetWeights(file, golden.config);
    let [compared, worst] = [0, 0];
    for (const [stride, wanted] of Object.entries(golden.features)) {
      const graph = createGraph();
      const image = input(graph, "image", golden.image.shape);
      const options = { outputStride: Number(stride) as 8 };
      const features = mobileNetFeatures(frozenWeights(graph, weights), image, golden.config, options);
      const executable = await compile({ features }, runtime);
      const got = (await executable.run({ image: floats(golden.image) })).features;
      expect(got.shape).toEqual(wanted.shape);
      worst = Math.max(worst, relativeError(got.data as Float32Array, wanted.data));
      compared += wanted.data.length;
      await executable.dispose();
    }
    reportGolden("mobilenet/tiny", compared, worst);
    expect(worst).toBeLessThan(1e-5);
  });
});

describe("mobileNetWeights", () => {
  it("names what is missing, and what has another shape", () => {
    const entries = Object.entries(golden.weights);
    expect(() => mobileNetWeights(weightFile(entries.slice(1)), golden.config)).toThrow(
      'expected a tensor "conv_stem.first_conv.convolution.weight", got none',
    );
    expect(() => mobileNetWeights(file, { ...golden.config, features: 8 })).toThrow(
      'tiny: "conv_1x1.convolution.weight": expected [8, 6, 1, 1], got [7, 6, 1, 1]',
    );
  });
});

describe("mobileNetV2", () => {
  it("has the published number of parameters", () => {
    const convs = mobileNetConvs(mobileNetV2);
    const kernels = convs.reduce((sum, conv) => sum + kernelShape(conv).reduce((a, b) => a * b, 1), 0);
    const norms = convs.reduce((sum, { outputs }) => sum + 2 * outputs, 0);
    expect(convs).toHaveLength(52);
    expect(kernels + norms).toBe(2_223_872);
  });
});
