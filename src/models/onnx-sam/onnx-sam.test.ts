import { afterAll, describe, expect, it } from "vitest";
import { elementCount, type NdArray } from "../../core/array.ts";
import type { RgbImage } from "../../core/image.ts";
import { random } from "../../core/random.ts";
import { resizeImage } from "../../core/resize.ts";
import {
  add,
  cast,
  createGraph,
  emitModel,
  input,
  loadModel,
  mean,
  mul,
  readModel,
  reshape,
  type WeightFile,
} from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { relativeError } from "../../testing/golden.ts";
import { gridSide, type SamConfig } from "../sam/config.ts";
import { readEmbedding, writeEmbedding } from "../sam/embedding.ts";
import { upscaleLogits } from "../sam/postprocess.ts";
import type { Prompt } from "../sam/prompt.ts";
import { createSam, type MaskPrediction, type Sam } from "../sam/sam.ts";
import { samTensors } from "../sam/tensor-table.ts";
import {
  noise,
  randomTensors,
  tinyHybridConfig,
  tinyMobileConfig,
  weightFile,
} from "../sam/testing/tiny-sam.ts";
import { exportSamPair, type SamPair } from "./export.ts";
import { createOnnxSam } from "./onnx-sam.ts";
import {
  levelEncoder,
  samexporterPair,
  stridedConfig,
  transformersPair,
  transformersPair2,
} from "./testing/pairs.ts";

/** Two ways to add up the same sums in float32. */
const TOLERANCE = 1e-4;

const runtime = await openNodeRuntime({ threads: 1 });
const file = weightFile(randomTensors(stridedConfig));
const reference = createSam(file, stridedConfig, runtime);
const opened: Sam[] = [reference];
afterAll(async () => {
  for (const sam of opened) await sam.dispose();
});

function open({ encoder, decoder }: SamPair): Sam {
  const sam = createOnnxSam(
    {
      encoder: { where: "encoder.onnx", read: () => encoder.slice() },
      decoder: { where: "decoder.onnx", read: () => decoder.slice() },
    },
    runtime,
  );
  opened.push(sam);
  return sam;
}

const { normal } = random("mask");
const maskLogits: NdArray<"float32"> = {
  dtype: "float32",
  shape: [16, 16],
  data: Float32Array.from({ length: 256 }, () => 4 * normal()),
};
const point: Prompt = { points: [{ x: 3, y: 11, positive: true }] };
const points: Prompt = { points: [...(point.points ?? []), { x: 20.5, y: 4, positive: false }] };
const box: Prompt = { box: { x0: 2, y0: 1, x1: 25, y1: 14 } };
/** Not square, so that padding and stretching differ. */
const image = noise(20, 30);
const stretched = resizeImage(image, { height: 64, width: 64 }, "bilinear");

/** The prompt in the stretched picture. */
function stretch({ points = [], box, ...rest }: Prompt): Prompt {
  const [x, y] = [64 / image.width, 64 / image.height];
  return {
    ...rest,
    points: points.map((each) => ({ ...each, x: each.x * x, y: each.y * y })),
    ...(box !== undefined && { box: { x0: box.x0 * x, y0: box.y0 * y, x1: box.x1 * x, y1: box.y1 * y } }),
  };
}

function expectClose(got: MaskPrediction, wanted: MaskPrediction): void {
  expect(got.logits.shape).toEqual(wanted.logits.shape);
  expect(relativeError(got.logits.data, wanted.logits.data)).toBeLessThan(TOLERANCE);
  expect(relativeError(got.predictedIou, wanted.predictedIou)).toBeLessThan(TOLERANCE);
}

/** Compares all prompts on one picture, given to the reference as it is or changed. */
async function compare(
  sam: Sam,
  prompts: readonly Prompt[],
  given: { readonly image: RgbImage; readonly change: (prompt: Prompt) => Prompt | Promise<Prompt> } = {
    image,
    change: (prompt) => prompt,
  },
): Promise<void> {
  const embedding = await sam.embed(image);
  const wanted = await reference.embed(given.image);
  expect(relativeError(embedding.features.data, wanted.features.data)).toBeLessThan(TOLERANCE);
  const predictions = await sam.decodeAll(embedding, prompts);
  for (const [k, prompt] of prompts.entries())
    expectClose(predictions[k], await reference.decode(wanted, await given.change(prompt)));
}

describe("a pair as segment-anything exports it", () => {
  const pair = exportSamPair(file, stridedConfig);
  const sam = open(pair);

  it("gives the masks of createSam for prompts of all kinds", async () => {
    await compare(sam, [
      point,
      points,
      box,
      { ...points, ...box },
      {},
      { maskLogits },
      { ...box, maskLogits: { ...maskLogits, shape: [1, 16, 16] } },
    ]);
  });

  it("gives one mask, or those that are kept", async () => {
    const [embedding, wanted] = [await sam.embed(image), await reference.embed(image)];
    const one = await sam.decode(embedding, box, { multimask: false });
    expectClose(one, await reference.decode(wanted, box, { multimask: false }));
    const { predictedIou } = await sam.decode(embedding, box);
    const limit = Math.max(...predictedIou);
    const kept = [];
    for await (const each of sam.decodeEach(embedding, [point, box], { keep: (iou) => iou >= limit }))
      kept.push(each);
    expect(kept.map(({ prompt }) => prompt)).toEqual([0, 1]);
    expect(kept[1].indices).toEqual([predictedIou.indexOf(limit)]);
    expect(kept[1].logits.shape).toEqual([1, 16, 16]);
  });

  it("takes grey levels, of pictures padded with the mean color", async () => {
    await compare(open({ ...pair, encoder: levelEncoder(file) }), [point, box]);
  });

  it("exports MobileSAM too", async () => {
    const config: SamConfig = tinyMobileConfig;
    expect(config.encoder.side).toBe(16 * gridSide(config.encoder));
    const weights = weightFile(randomTensors(config));
    const mobile = open(exportSamPair(weights, config));
    const original = createSam(weights, config, runtime);
    opened.push(original);
    const prediction = await mobile.decode(await mobile.embed(image), points);
    expectClose(prediction, await original.decode(await original.embed(image), points));
  });

  it("also makes masks of the picture's size, as other programs read them", async () => {
    const model = await loadModel(pair.decoder.slice(), runtime);
    const embedding = await reference.embed(image);
    const floats = (shape: number[], ...values: number[]): NdArray => ({
      dtype: "float32",
      shape,
      data: Float32Array.from(values),
    });
    const { masks, iou_predictions } = await model.run({
      image_embeddings: embedding.features,
      point_coords: floats([1, 2, 2], 2 * (64 / 30), 1 * (43 / 20), 25 * (64 / 30), 14 * (43 / 20)),
      point_labels: floats([1, 2], 2, 3),
      mask_input: { dtype: "float32", shape: [1, 1, 16, 16], data: new Float32Array(256) },
      has_mask_input: floats([1], 0),
      orig_im_size: floats([2], 20, 30),
    });
    expect([masks.shape, iou_predictions.shape]).toEqual([
      [1, 4, 20, 30],
      [1, 4],
    ]);
    const prediction = await reference.decode(embedding, box);
    const second = (masks.data as Float32Array).subarray(2 * 600, 3 * 600);
    expect(relativeError(second, upscaleLogits(prediction, 1).data)).toBeLessThan(TOLERANCE);
    await model.dispose();
  });
});

describe("SAM as transformers exports it", () => {
  it("gives the masks of createSam for points", async () => {
    const sam = open(transformersPair(file, { boxes: false }));
    await compare(sam, [point, points]);
    const embedding = await sam.embed(image);
    await expect(sam.decode(embedding, box)).rejects.toMatchObject({
      message: 'prompt: box: expected points for this model in ONNX files, got "box"',
      hint: 'its decoder was exported without "input_boxes"',
    });
    await expect(sam.decode(embedding, { maskLogits })).rejects.toMatchObject({
      hint: "transformers' SAM has no input for masks",
    });
  });

  it("takes boxes where the graph does", async () => {
    await compare(open(transformersPair(file, { boxes: true })), [box, { ...point, ...box }]);
  });
});

describe("SAM 2", () => {
  /** Graphs by samexporter pad behind boxes too. */
  const padBoxes = async (prompt: Prompt): Promise<Prompt> => {
    const changed = stretch(prompt);
    if (changed.box === undefined) return changed;
    const { maskLogits: mask, ...sparse } = changed;
    const size = { height: 64, width: 64 };
    const { data, shape } = await reference.promptTokens([sparse], size);
    const [, , dim] = shape;
    const padding = (await reference.promptTokens([point], size)).data.subarray(dim);
    const tokens = Float32Array.from([...data, ...padding]);
    return {
      tokens: { dtype: "float32", shape: [tokens.length / dim, dim], data: tokens },
      ...(mask !== undefined && { maskLogits: mask }),
    };
  };

  it("by samexporter sees the stretched picture, and pads behind boxes", async () => {
    const sam = open(samexporterPair(file, { count: 3 }));
    await compare(sam, [point, points, box, { ...box, maskLogits }], { image: stretched, change: padBoxes });
  });

  it("by transformers does, boxes apart", async () => {
    const sam = open(transformersPair2(file));
    await compare(sam, [box, { ...points, ...box }], { image: stretched, change: stretch });
  });

  it("has masks that take one bilinear step, and embeddings that can be kept", async () => {
    const sam = open(transformersPair2(file));
    const embedding = await sam.embed(image);
    expect(Object.keys(embedding.extra ?? {})).toEqual(["image_embeddings.0", "image_embeddings.1"]);
    expect(embedding).toMatchObject({ input: { height: 64, width: 64 }, upscaling: "bilinear" });
    const read = readEmbedding(writeEmbedding(embedding));
    const prediction = await sam.decode(read, box);
    expect(prediction).toEqual(await sam.decode(embedding, box));
    expect(prediction).toMatchObject({ original: { height: 20, width: 30 }, upscaling: "bilinear" });
  });

  it("gives the best of three where one is asked for, and the only one of a graph that has one", async () => {
    const sam = open(samexporterPair(file, { count: 3 }));
    const embedding = await sam.embed(image);
    const three = await sam.decode(embedding, box);
    const best = three.predictedIou.indexOf(Math.max(...three.predictedIou));
    const one = await sam.decode(embedding, box, { multimask: false });
    expect([...one.logits.data]).toEqual([...three.logits.data.subarray(best * 256, (best + 1) * 256)]);
    const single = open(samexporterPair(file, { count: 1 }));
    const only = await single.decode(embedding, box);
    expect(only.logits.shape).toEqual([1, 16, 16]);
    expect(await single.decode(embedding, box, { multimask: false })).toEqual(only);
  });
});

describe("exportSamPair", () => {
  it("refuses a model whose decoder is not SAM's", () => {
    const file = weightFile(randomTensors(tinyHybridConfig));
    expect(() => exportSamPair(file, tinyHybridConfig)).toThrow("expected SAM's own decoder");
  });

  it("refuses weights that a model cannot hold, unless they stay in their file", () => {
    const large: SamConfig = { ...stridedConfig, decoder: { ...stridedConfig.decoder, mlpDim: 2 ** 25 } };
    // The names and shapes of a file whose weights are never read.
    const tensors = new Map(
      [...samTensors(large)].map(([name, shape]) => [
        name,
        { name, shape, dtype: "float32" as const, range: { begin: 0, end: 4 * elementCount(shape) } },
      ]),
    );
    const stored = { where: "large.safetensors", tensors } as unknown as WeightFile;
    expect(() => exportSamPair(stored, large)).toThrow(
      "exportSamPair: weights: expected at most 2 GB of them inside a model, got",
    );
    const { decoder } = exportSamPair(stored, large, { location: "large.safetensors" });
    expect(readModel(decoder).externalFiles).toEqual(["large.safetensors"]);
  });
});

describe("createOnnxSam", () => {
  it("reads its models again after it was disposed of", async () => {
    const sam = open(exportSamPair(file, stridedConfig));
    const embedding = await sam.embed(image);
    const before = await sam.decode(embedding, point);
    await sam.dispose();
    expect(await sam.decode(embedding, point)).toEqual(before);
    await sam.dispose();
    await sam.dispose();
  });

  it("decodes no prompts to nothing", async () => {
    const sam = open(exportSamPair(file, stridedConfig));
    expect(await sam.decodeAll(await sam.embed(noise(1, 1)), [])).toEqual([]);
  });

  it("refuses results that are no masks", async () => {
    const { encoder } = transformersPair(file, { boxes: false });
    const graph = createGraph();
    const positions = input(graph, "image_positional_embeddings", [1, 16, 4, 4]);
    const points = input(graph, "input_points", [1, 1, "n", 2]);
    const labels = cast(input(graph, "input_labels", [1, 1, "n"], "int64"), "float32");
    const sum = add(add(input(graph, "image_embeddings", [1, 16, 4, 4]), positions), mean(mul(labels, 0)));
    const some = add(sum, mean(mul(points, 0)));
    const decoder = (masks: readonly number[], iou: readonly number[]) =>
      emitModel({ pred_masks: reshape(some, masks), iou_scores: reshape(some, iou) });
    const decode = async (bytes: Uint8Array<ArrayBuffer>): Promise<MaskPrediction> => {
      const sam = open({ encoder, decoder: bytes });
      return await sam.decode(await sam.embed(image), point);
    };
    await expect(decode(decoder([1, 1, 16, 4, 4], [256]))).rejects.toThrow(
      'decoder.onnx: output "pred_masks": expected masks of one prompt, [1, M, 16, 16], got [1, 1, 16, 4, 4]',
    );
    await expect(decode(decoder([1, 1, 16, 16], [256]))).rejects.toThrow(
      'decoder.onnx: output "iou_scores": expected 1 numbers, got 256',
    );
  });

  it("says what is wrong with a prompt, a picture or an embedding", async () => {
    const sam = open(transformersPair2(file));
    const embedding = await sam.embed(image);
    const tokens: NdArray<"float32"> = { dtype: "float32", shape: [1, 16], data: new Float32Array(16) };
    await expect(sam.decode(embedding, { tokens })).rejects.toThrow("prompt: tokens: expected points");
    await expect(
      sam.decode(embedding, { points: [{ x: Number.NaN, y: 0, positive: true }] }),
    ).rejects.toThrow("prompt: coordinates: expected finite numbers");
    await expect(sam.promptTokens([box], image)).rejects.toThrow("a model that gives its tokens");
    const { extra: _, ...plain } = embedding;
    await expect(sam.decode(plain, box)).rejects.toThrow(
      'decode: embedding: expected features "image_embeddings.0" beside it, got none',
    );
    await expect(sam.decode({ ...embedding, features: tokens }, box)).rejects.toThrow(
      "decode: embedding: expected [1, C, 4, 4], got [1, 16]",
    );
    const official = open(exportSamPair(file, stridedConfig));
    await expect(
      official.decode(await official.embed(image), { maskLogits: { ...maskLogits, shape: [256] } }),
    ).rejects.toThrow("prompt: maskLogits: expected [16, 16], got [256]");
  });

  it("leaves a row of a picture however thin", async () => {
    for (const encoder of [exportSamPair(file, stridedConfig).encoder, levelEncoder(file)]) {
      const sam = open({ ...exportSamPair(file, stridedConfig), encoder });
      const { input, original } = await sam.decode(await sam.embed(noise(1, 500)), point);
      expect({ input, original }).toEqual({
        input: { height: 1, width: 64 },
        original: { height: 1, width: 500 },
      });
    }
  });
});
