import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeSafetensors } from "../../core/safetensors.ts";
import { byteSource, openWeights, type WeightFile } from "../../engine/index.ts";
import { dataFolder } from "../../testing/folders.ts";
import { mobileNetV2 } from "./config.ts";
import { mobileNetOfFile, mobileNetOfTflite } from "./open-weights.ts";
import { tinyMobileNet, tinyMobileNetTensors } from "./testing/tiny-mobilenet.ts";

function fileOf(tensors = tinyMobileNetTensors()): WeightFile {
  return openWeights(byteSource(writeSafetensors(tensors)), "tiny.safetensors");
}

describe("mobileNetOfFile", () => {
  it("knows the network by its shapes, with and without the prefix of a classifier", () => {
    expect(mobileNetOfFile(fileOf()).config).toEqual(tinyMobileNet);
    const bare = new Map([...tinyMobileNetTensors()].map(([name, array]) => [name.slice(13), array]));
    expect(mobileNetOfFile(fileOf(bare)).config).toEqual(tinyMobileNet);
  });

  it("names what is missing", () => {
    const tensors = tinyMobileNetTensors();
    tensors.delete("mobilenet_v2.layer.3.conv_3x3.convolution.weight");
    expect(() => mobileNetOfFile(fileOf(tensors))).toThrow("layer.3.conv_3x3.convolution.weight");
    expect(() => mobileNetOfFile(fileOf(new Map()))).toThrow("conv_stem.first_conv.convolution.weight");
  });
});

describe("mobileNetOfTflite", () => {
  const folder = dataFolder("models/google-coral");
  it.skipIf(folder === null)("knows MobileNetV2, and refuses another network", () => {
    const read = (name: string) => mobileNetOfTflite(readFileSync(join(folder as string, name)), name);
    expect(read("mobilenet_v2_1.0_224_quant.tflite").config).toEqual(mobileNetV2);
    expect(() => read("mobilenet_v1_0.25_128_quant.tflite")).toThrow("as in MobileNetV2");
  });
});
