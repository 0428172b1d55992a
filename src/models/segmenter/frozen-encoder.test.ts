import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { compile, createGraph, frozenWeights, input, type Runtime } from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import {
  randomTensors as clipRandomTensors,
  tinyConfig as tinyClipConfig,
} from "../clip/testing/tiny-clip.ts";
import { clipWeights } from "../clip/weights.ts";
import { mobileNetFeatures } from "../mobilenet/network.ts";
import { tinyMobileNet, tinyMobileNetTensors } from "../mobilenet/testing/tiny-mobilenet.ts";
import { mobileNetWeights } from "../mobilenet/weights.ts";
import {
  randomTensors,
  tinyConfig,
  tinyEfficientConfig,
  tinyMobileConfig,
  weightFile,
} from "../sam/testing/tiny-sam.ts";
import { samWeights } from "../sam/weights.ts";
import { clipEncoder, type FrozenEncoder, mobileNetEncoder, samEncoder } from "./frozen-encoder.ts";
import { drawSegmenter } from "./initial.ts";
import { type SegmenterNetwork, segmentPixels } from "./network.ts";
import { tinyNetworks } from "./testing/tiny-segmenter.ts";

const runtime: Runtime = await openNodeRuntime({ threads: 1 });
const mobileNet = mobileNetWeights(weightFile(tinyMobileNetTensors()), tinyMobileNet);
const sam = (config: Parameters<typeof randomTensors>[0]): FrozenEncoder =>
  samEncoder(samWeights(weightFile(randomTensors(config)), config), config);

/** Bytes [batch, 3, height, width] of which every picture is different. */
function noise(batch: number, height: number, width: number): NdArray<"uint8"> {
  const { integer } = random("noise");
  const shape = [batch, 3, height, width];
  return {
    dtype: "uint8",
    shape,
    data: Uint8Array.from({ length: batch * 3 * height * width }, () => integer(256)),
  };
}

describe("frozen encoders", () => {
  it.each<[string, FrozenEncoder, number]>([
    ["MobileNetV2", mobileNetEncoder(mobileNet, tinyMobileNet), 64],
    [
      "CLIP",
      clipEncoder(clipWeights(weightFile(clipRandomTensors(tinyClipConfig)), tinyClipConfig), tinyClipConfig),
      8,
    ],
    ["SAM", sam(tinyConfig), tinyConfig.encoder.side],
    ["MobileSAM", sam(tinyMobileConfig), tinyMobileConfig.encoder.side],
    ["EfficientSAM", sam(tinyEfficientConfig), tinyEfficientConfig.encoder.side],
  ])(
    "%s carries a light head, and a picture's logits do not depend on its neighbors",
    async (_, encoder, side) => {
      const { kind, step } = encoder.sides;
      expect(kind === "exact" ? side === step : side % step === 0).toBe(true);
      const network: SegmenterNetwork = {
        ...tinyNetworks.light,
        kind: "light",
        encoder: { kind: "sam", name: "tiny", sha256: "" },
        config: { levels: encoder.levels, dim: 4, classes: 3 },
      };
      const weights = weightFile(drawSegmenter(network, random(1)));
      const run = async (pixels: NdArray<"uint8">): Promise<NdArray> => {
        const graph = createGraph();
        const x = input(graph, "pixels", pixels.shape, "uint8");
        const parts = {
          weights: frozenWeights(graph, weights),
          encoder,
          normalization: encoder.normalization,
        };
        const executable = await compile({ logits: segmentPixels(network, parts, x) }, runtime);
        const { logits } = await executable.run({ pixels });
        await executable.dispose();
        return logits;
      };
      const both = noise(2, side, side);
      const logits = await run(both);
      expect(logits.shape).toEqual([2, 3, side / encoder.stride, side / encoder.stride]);
      const data = logits.data as Float32Array;
      expect(new Set(data).size).toBeGreaterThan(data.length / 4);
      const half = both.data.length / 2;
      const second = await run({ ...both, shape: [1, 3, side, side], data: both.data.slice(half) });
      const tail = data.subarray(data.length / 2);
      (second.data as Float32Array).forEach((value, p) => {
        expect(value).toBeCloseTo(tail[p], 4);
      });
    },
  );

  it("takes MobileNetV2's features as they are, beside finer maps", async () => {
    const graph = createGraph();
    const image = input(graph, "image", [1, 3, 32, 64]);
    const encoder = mobileNetEncoder(mobileNet, tinyMobileNet);
    const maps = encoder.encode(image);
    expect(maps.map(({ shape }) => shape)).toEqual([
      [1, 4, 4, 8],
      [1, 4, 2, 4],
      [1, 24, 2, 4],
    ]);
    const again = createGraph();
    const features = mobileNetFeatures(
      frozenWeights(again, mobileNet),
      input(again, "image", [1, 3, 32, 64]),
      tinyMobileNet,
      { outputStride: 16 },
    );
    const feeds = {
      image: {
        dtype: "float32" as const,
        shape: [1, 3, 32, 64],
        data: Float32Array.from({ length: 3 * 32 * 64 }, random(2).normal),
      },
    };
    const [mine, theirs] = await Promise.all(
      [maps[2], features].map(async (tensor) => {
        const executable = await compile({ y: tensor }, runtime);
        const { y } = await executable.run(feeds);
        await executable.dispose();
        return y;
      }),
    );
    expect(mine).toEqual(theirs);
  });
});
