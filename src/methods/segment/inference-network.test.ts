import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import type { RgbImage } from "../../core/image.ts";
import { random } from "../../core/random.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import { byteSource, compile, createGraph, frozenWeights, input, openWeights } from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { tinyMobileNet, tinyMobileNetTensors } from "../../models/mobilenet/testing/tiny-mobilenet.ts";
import { mobileNetWeights } from "../../models/mobilenet/weights.ts";
import { noise } from "../../models/sam/testing/tiny-sam.ts";
import { mobileNetEncoder } from "../../models/segmenter/frozen-encoder.ts";
import { drawSegmenter } from "../../models/segmenter/initial.ts";
import { imageNetNormalization } from "../../models/segmenter/normalization.ts";
import { segment } from "../../models/segmenter/segformer.ts";
import { tinyNetworks, tinySegformer } from "../../models/segmenter/testing/tiny-segmenter.ts";
import { relativeError } from "../../testing/golden.ts";
import { createPixelClassifier, paddedSize, type SegmenterModel } from "./inference-network.ts";

const runtime = await openNodeRuntime({ threads: 1 });

function open(tensors: ReadonlyMap<string, NdArray>): SegmenterModel["weights"] {
  return openWeights(byteSource(writeSafetensors(tensors)), "tiny");
}

function segformer(): SegmenterModel {
  const weights = open(drawSegmenter(tinyNetworks.segformer, random(3)));
  return { network: tinyNetworks.segformer, weights, encoder: null, normalization: imageNetNormalization };
}

describe("createPixelClassifier", () => {
  it("is the network on the picture in zeros, without what only padding sees", async () => {
    const image = noise(41, 70);
    const model = segformer();
    const { mean, deviation } = imageNetNormalization;
    const data = new Float32Array(3 * 64 * 96);
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < 41; i++)
        for (let j = 0; j < 70; j++)
          data[(c * 64 + i) * 96 + j] = (image.data[3 * (i * 70 + j) + c] / 255 - mean[c]) / deviation[c];
    const graph = createGraph();
    const x = input(graph, "x", [1, 3, 64, 96]);
    const logits = segment(frozenWeights(graph, model.weights), x, tinySegformer);
    const executable = await compile({ logits }, runtime);
    const { data: all } = (
      await executable.run({ x: { dtype: "float32", shape: x.shape as number[], data } })
    ).logits;
    const classifier = createPixelClassifier(model, runtime);
    const grid = await classifier.classify(image);
    expect(grid).toMatchObject({ height: 11, width: 18, stride: 4 });
    const wanted = Array.from({ length: 3 * 11 * 18 }, (_, p) => {
      const [c, i, j] = [Math.floor(p / 198), Math.floor(p / 18) % 11, p % 18];
      return Number(all[(c * 16 + i) * 24 + j]);
    });
    expect(relativeError(grid.data, wanted)).toBeLessThan(1e-5);
    expect(Math.max(...wanted)).toBeGreaterThan(Math.min(...wanted));
    await classifier.dispose();
    await executable.dispose();
  });

  it.each<[height: number, width: number, rows: number, columns: number]>([
    [1, 1, 1, 1],
    [1, 500, 1, 125],
    [33, 2, 9, 1],
  ])("takes a picture of %i × %i", async (height, width, rows, columns) => {
    const classifier = createPixelClassifier(segformer(), runtime);
    const grid = await classifier.classify(noise(height, width));
    expect(grid).toMatchObject({ height: rows, width: columns, stride: 4 });
    expect(grid.data).toHaveLength(3 * rows * columns);
    expect(grid.data.every(Number.isFinite)).toBe(true);
    await classifier.dispose();
  });

  it("opens a light head with its encoder", async () => {
    const network = tinyNetworks.light;
    const encoder = mobileNetEncoder(
      mobileNetWeights(open(tinyMobileNetTensors()), tinyMobileNet),
      tinyMobileNet,
    );
    const weights = open(drawSegmenter(network, random(3)));
    const model = { network, weights, encoder, normalization: encoder.normalization };
    const classifier = createPixelClassifier(model, runtime);
    expect(classifier).toMatchObject({ channels: 3, sides: { kind: "multiple", step: 32 } });
    const image: RgbImage = noise(40, 64);
    expect(await classifier.classify(image)).toMatchObject({ height: 5, width: 8, stride: 8 });
    await classifier.dispose();
  });
});

describe("paddedSize", () => {
  it("is the next size that a network takes", () => {
    expect(paddedSize({ height: 1, width: 64 }, { kind: "multiple", step: 32 })).toEqual({
      height: 32,
      width: 64,
    });
    expect(paddedSize({ height: 65, width: 16 }, { kind: "multiple", step: 16 })).toEqual({
      height: 80,
      width: 16,
    });
  });
});
