import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Builder } from "flatbuffers";
import { describe, expect, it } from "vitest";
import { readPhoto } from "../../data/photo.ts";
import { compile, createGraph, frozenWeights, input, mean } from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { dataFolder } from "../../testing/folders.ts";
import { mobileNetV2 } from "./config.ts";
import { mobileNetFeatures } from "./network.ts";
import { preprocessMobileNet } from "./preprocess.ts";
import { readTfliteLayers } from "./tflite.ts";
import { mobileNetFromTflite } from "./weights.ts";

interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** TensorType: 0 float32, 2 int32, 3 uint8, 9 int8 */
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly scales?: readonly number[];
  readonly zeros?: readonly bigint[];
  readonly axis?: number;
}

/** A TFLite file of one operator (a builtin code) with two constant tensors. */
function tflite(code: number, tensors: readonly TensorSpec[]): Uint8Array {
  const builder = new Builder(256);
  const offsets = (list: readonly number[]): number => {
    builder.startVector(4, list.length, 4);
    for (const each of list.toReversed()) builder.addOffset(each);
    return builder.endVector();
  };
  const ints = (list: readonly number[]): number => {
    builder.startVector(4, list.length, 4);
    for (const each of list.toReversed()) builder.addInt32(each);
    return builder.endVector();
  };
  const table = (count: number, add: () => void): number => {
    builder.startObject(count);
    add();
    return builder.endObject();
  };
  const buffers = tensors.map(({ bytes }) => {
    const data = builder.createByteVector(bytes);
    return table(1, () => builder.addFieldOffset(0, data, 0));
  });
  const tables = tensors.map(({ name, shape, type, scales = [], zeros = [], axis = 0 }, index) => {
    const [text, lengths] = [builder.createString(name), ints(shape)];
    builder.startVector(4, scales.length, 4);
    for (const scale of scales.toReversed()) builder.addFloat32(scale);
    const scaleVector = builder.endVector();
    builder.startVector(8, zeros.length, 8);
    for (const zero of zeros.toReversed()) builder.addInt64(zero);
    const zeroVector = builder.endVector();
    const quantization = table(7, () => {
      builder.addFieldOffset(2, scaleVector, 0);
      builder.addFieldOffset(3, zeroVector, 0);
      builder.addFieldInt32(6, axis, 0);
    });
    return table(5, () => {
      builder.addFieldOffset(0, lengths, 0);
      builder.addFieldInt8(1, type, 0);
      builder.addFieldInt32(2, index, 0);
      builder.addFieldOffset(3, text, 0);
      builder.addFieldOffset(4, quantization, 0);
    });
  });
  const inputs = ints([-1, 0, 1]);
  const operator = table(2, () => builder.addFieldOffset(1, inputs, 0));
  const [tensorList, operatorList] = [offsets(tables), offsets([operator])];
  const graph = table(4, () => {
    builder.addFieldOffset(0, tensorList, 0);
    builder.addFieldOffset(3, operatorList, 0);
  });
  const opcode = table(4, () => builder.addFieldInt8(0, code, 0));
  const [opcodeList, graphList, bufferList] = [offsets([opcode]), offsets([graph]), offsets(buffers)];
  const model = table(5, () => {
    builder.addFieldInt32(0, 3, 0);
    builder.addFieldOffset(1, opcodeList, 0);
    builder.addFieldOffset(2, graphList, 0);
    builder.addFieldOffset(4, bufferList, 0);
  });
  builder.finish(model, "TFL3");
  return builder.asUint8Array();
}

const weight: TensorSpec = {
  name: "w",
  shape: [2, 1, 1, 3],
  type: 9,
  bytes: Uint8Array.from(Int8Array.of(1, -2, 3, 4, 5, -6)),
  scales: [0.5, 2],
  zeros: [0n, 1n],
};
const bias: TensorSpec = {
  name: "b",
  shape: [2],
  type: 2,
  bytes: new Uint8Array(Int32Array.of(10, -20).buffer),
  scales: [0.25],
};
const model = tflite(3, [weight, bias]);

describe("readTfliteLayers", () => {
  it("gives the floats that quantized numbers stand for, by output channel or all alike", () => {
    expect(readTfliteLayers(model, "x.tflite")).toEqual([
      {
        kind: "conv",
        weight: { name: "w", shape: [2, 1, 1, 3], data: Float32Array.of(0.5, -1, 1.5, 6, 8, -14) },
        bias: { name: "b", shape: [2], data: Float32Array.of(2.5, -5) },
      },
    ]);
    const bytes = {
      ...weight,
      type: 3,
      bytes: Uint8Array.of(0, 1, 2, 128, 129, 255),
      scales: [0.5],
      zeros: [128n],
    };
    const [layer] = readTfliteLayers(tflite(4, [bytes, bias]), "x.tflite");
    expect(layer.kind).toBe("depthwise");
    expect([...layer.weight.data]).toEqual([-64, -63.5, -63, 0, 0.5, 63.5]);
  });

  it("leaves operators without weights out", () => {
    expect(readTfliteLayers(tflite(0, [weight, bias]), "x.tflite")).toEqual([]);
  });

  it("refuses other files, and bytes that are not as many as the shape says", () => {
    expect(() => readTfliteLayers(new Uint8Array(20), "x.tflite")).toThrow(
      "x.tflite: expected a TFLite model, got another file",
    );
    const short = { ...weight, shape: [2, 1, 1, 4] };
    expect(() => readTfliteLayers(tflite(3, [short, bias]), "x.tflite")).toThrow('"w": 8 numbers in 8 bytes');
    const huge = { ...weight, shape: [2, 2 ** 30, 1, 3] };
    expect(() => readTfliteLayers(tflite(3, [huge, bias]), "x.tflite")).toThrow('"w": ');
    expect(() => readTfliteLayers(tflite(3, [{ ...weight, type: 7 }, bias]), "x.tflite")).toThrow(
      "got type 7",
    );
    expect(() => readTfliteLayers(tflite(3, [weight]), "x.tflite")).toThrow("at most 1 tensors");
  });

  it("says so of every file that ends early, and never reads beyond one that was changed", () => {
    for (let length = 8; length < model.length; length += 3) {
      const cut = model.slice(0, length);
      expect(() => readTfliteLayers(cut, "x.tflite")).toThrow(/^x\.tflite: /);
    }
    for (let at = 8; at < model.length; at++) {
      const changed = model.slice();
      changed[at] ^= 0xff;
      try {
        readTfliteLayers(changed, "x.tflite");
      } catch (error) {
        expect((error as Error).message).toMatch(/^x\.tflite: /);
      }
    }
  });
});

const data = dataFolder("models/google-coral");

describe.skipIf(data === null)("MobileNetV2 of TFLite files", () => {
  it.each([["mobilenet_v2_1.0_224_quant.tflite"], ["tf2_mobilenet_v2_1.0_224_ptq.tflite"]])(
    "sees the parrot (%s)",
    async (name) => {
      const folder = data as string;
      const layers = readTfliteLayers(readFileSync(join(folder, name)), name);
      const runtime = await openNodeRuntime({ threads: 1 });
      const graph = createGraph();
      const pixels = input(graph, "pixels", [1, 3, 224, 224]);
      const features = mobileNetFeatures(
        frozenWeights(graph, mobileNetFromTflite(layers, mobileNetV2, name)),
        pixels,
        mobileNetV2,
      );
      const executable = await compile({ average: mean(features, { axes: [2, 3] }) }, runtime);
      const photo = await readPhoto(join(folder, "images/parrot.jpg"));
      const results = await executable.run({
        pixels: preprocessMobileNet(photo, { height: 224, width: 224 }),
      });
      const average = results.average.data as Float32Array;
      const { weight, bias } = layers[layers.length - 1];
      const logits = Array.from(bias.data, (start, o) =>
        average.reduce((sum, value, f) => sum + value * weight.data[o * average.length + f], start),
      );
      const names = readFileSync(join(folder, "imagenet_labels.txt"), "utf8").split("\n");
      expect(names[logits.indexOf(Math.max(...logits))]).toBe("macaw");
      await executable.dispose();
    },
  );

  it("refuses the weights of another network", () => {
    const name = "mobilenet_v1_0.25_128_quant.tflite";
    const layers = readTfliteLayers(readFileSync(join(data as string, name)), name);
    expect(() => mobileNetFromTflite(layers, mobileNetV2, name)).toThrow(
      `${name}: expected convolution 0 with weights [32, 3, 3, 3], as in MobileNetV2, got "Mobilenet`,
    );
  });
});
