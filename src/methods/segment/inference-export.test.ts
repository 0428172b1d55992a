import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import type { RgbImage } from "../../core/image.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import { byteSource, loadModel, openWeights, type Precision } from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { tinyMobileNet, tinyMobileNetTensors } from "../../models/mobilenet/testing/tiny-mobilenet.ts";
import { mobileNetWeights } from "../../models/mobilenet/weights.ts";
import { noise } from "../../models/sam/testing/tiny-sam.ts";
import { mobileNetEncoder } from "../../models/segmenter/frozen-encoder.ts";
import type { SegmenterNetwork } from "../../models/segmenter/network.ts";
import { imageNetNormalization } from "../../models/segmenter/normalization.ts";
import { tinyNetworks } from "../../models/segmenter/testing/tiny-segmenter.ts";
import { relativeError } from "../../testing/golden.ts";
import { drawTinyTensors } from "../../testing/segmenter-files.ts";
import { labelPixels } from "./inference.ts";
import { cropResized } from "./inference-crop.ts";
import { exportSegmenter, type SegmenterExportOptions } from "./inference-export.ts";
import { createPixelClassifier, type PixelClassifier, type SegmenterModel } from "./inference-network.ts";
import { openScores } from "./inference-scores.ts";

/** Levels of the color that fills a square, whole so that a picture can have it. */
const MEAN = [120, 116, 104];
const runtime = await openNodeRuntime({ threads: 1 });

function tinyModel(kind: SegmenterNetwork["kind"]): SegmenterModel {
  const open = (tensors: ReadonlyMap<string, NdArray>) =>
    openWeights(byteSource(writeSafetensors(tensors)), "tiny");
  const network = tinyNetworks[kind];
  const encoder =
    kind === "light"
      ? mobileNetEncoder(mobileNetWeights(open(tinyMobileNetTensors()), tinyMobileNet), tinyMobileNet)
      : null;
  const normalization = { ...imageNetNormalization, mean: MEAN.map((level) => level / 255) };
  return { network, weights: open(drawTinyTensors(network)), encoder, normalization };
}

function levels({ height, width, data }: RgbImage): NdArray<"float32"> {
  const planes = Float32Array.from({ length: data.length }, (_, p) => {
    const area = height * width;
    return data[3 * (p % area) + Math.floor(p / area)];
  });
  return { dtype: "float32", shape: [1, 3, height, width], data: planes };
}

/** A picture at the top left of a square of the color that is zero after normalization. */
function inSquare({ height, width, data }: RgbImage, side: number): RgbImage {
  const square = Uint8Array.from({ length: 3 * side * side }, (_, p) => MEAN[p % 3]);
  for (let i = 0; i < height; i++)
    square.set(data.subarray(3 * i * width, 3 * (i + 1) * width), 3 * i * side);
  return { height: side, width: side, data: square };
}

/** How an exported model's logits differ from the network's on the same square, and where its labels are those of the highest logits. */
async function compareModel(
  kind: SegmenterNetwork["kind"],
  image: RgbImage,
  options: Omit<SegmenterExportOptions, "channelIds">,
): Promise<{ error: number; agreement: number; different: number }> {
  const { side } = options;
  const model = tinyModel(kind);
  const channelIds = [0, 1, 2];
  const loaded = await loadModel(exportSegmenter(model, { ...options, channelIds }), runtime);
  const { labels, logits } = await loaded.run({ image: levels(image) });
  expect(labels).toMatchObject({ dtype: "uint8", shape: [1, image.height, image.width] });
  const scale = Math.min(side / Math.max(image.height, image.width), 8);
  const [height, width] = [image.height, image.width].map((each) =>
    Math.max(1, Math.floor(each * scale + 0.5)),
  );
  const fitted = cropResized(image, { height, width }, { y0: 0, y1: height, x0: 0, x1: width });
  const classifier = createPixelClassifier(model, runtime);
  const square: PixelClassifier = {
    ...classifier,
    classify: async (picture) => {
      const { stride, data, ...grid } = await classifier.classify(inSquare(picture, side));
      const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
      const kept = Array.from({ length: 3 * rows * columns }, (_, p) => {
        const [c, i, j] = [Math.floor(p / (rows * columns)), Math.floor(p / columns) % rows, p % columns];
        return data[(c * grid.height + i) * grid.width + j];
      });
      return { height: rows, width: columns, stride, data: Float32Array.from(kept) };
    },
  };
  const grid = await square.classify(fitted);
  expect(logits.shape).toEqual([1, 3, grid.height, grid.width]);
  const wanted = await labelPixels(openScores(square, channelIds, image, { scales: [scale] }), image);
  await loaded.dispose();
  await classifier.dispose();
  const same = wanted.data.filter((id, p) => id === (labels.data as Uint8Array)[p]).length;
  return {
    error: relativeError(logits.data as Float32Array, grid.data),
    agreement: same / wanted.data.length,
    different: new Set(wanted.data).size,
  };
}

describe("exportSegmenter", () => {
  it.each(["segformer", "light"] as const)("is what the network is here, on a square (%s)", async (kind) => {
    const found = await compareModel(kind, noise(64, 64), { side: 64 });
    expect(found.error).toBeLessThan(1e-4);
    expect(found.agreement).toBeGreaterThan(0.999);
    expect(found.different).toBeGreaterThan(1);
  });

  it.each<[height: number, width: number]>([
    [180, 250],
    [130, 40],
    [40, 64],
    [1, 1],
    [3, 700],
  ])("takes a picture of %i × %i", async (height, width) => {
    const { error, agreement } = await compareModel("segformer", noise(height, width), { side: 64 });
    expect(error).toBeLessThan(1e-3);
    // Drawn at the square's resolution, and here at the picture's.
    expect(agreement).toBeGreaterThan(0.9);
  });

  it.each<[Precision, number]>([
    ["float16", 0.02],
    ["int8", 0.2],
  ])("computes in %s", async (precision, most) => {
    const { error } = await compareModel("segformer", noise(64, 64), { side: 64, precision });
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(most);
  });

  it("writes the ids of channels, and a note", async () => {
    const model = exportSegmenter(tinyModel("segformer"), {
      side: 32,
      channelIds: [7, 8, 9],
      metadata: { classes: "[]" },
    });
    const { metadataProps } = fromBinary(ModelProtoSchema, model);
    expect(metadataProps).toMatchObject([{ key: "classes", value: "[]" }]);
    const loaded = await loadModel(model, runtime);
    const { labels } = await loaded.run({ image: levels(noise(32, 32)) });
    expect([7, 8, 9]).toEqual(expect.arrayContaining([...new Set(labels.data as Uint8Array)]));
    await loaded.dispose();
  });

  it("refuses a side that the network does not take", () => {
    const options = { channelIds: [0, 1, 2] };
    expect(() => exportSegmenter(tinyModel("segformer"), { ...options, side: 40 })).toThrow(
      "exportSegmenter: side: expected a multiple of 32 up to 8192, got 40",
    );
    const encoder = { ...(tinyModel("light").encoder as NonNullable<SegmenterModel["encoder"]>) };
    const exact = { ...encoder, sides: { kind: "exact", step: 96 } as const };
    expect(() =>
      exportSegmenter({ ...tinyModel("light"), encoder: exact }, { ...options, side: 192 }),
    ).toThrow("exportSegmenter: side: expected 96, the one that the encoder takes, got 192");
  });
});
