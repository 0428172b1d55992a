import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import type { Size } from "../../core/geometry.ts";
import { longestSideSize, resizeImage } from "../../core/resize.ts";
import { readPhoto } from "../../data/photo.ts";
import {
  type Arrays,
  broadcastTo,
  compile,
  createGraph,
  frozenWeights,
  type Graph,
  input,
  type Runtime,
  slice,
  type Tensor,
} from "../../engine/index.ts";
import { openWeightFile } from "../../engine/node.ts";
import { goldenFolder, readJson } from "../../testing/folders.ts";
import { relativeError, reportGolden } from "../../testing/golden.ts";
import { tryRuntime } from "../../testing/runtime.ts";
import { gridSide, MASK_COUNT } from "./config.ts";
import { encodeImage } from "./image-encoder.ts";
import { decodeMasks, prepareImage } from "./mask-decoder.ts";
import { stabilityOf, thresholdLogits, upscaleLogits } from "./postprocess.ts";
import { preprocess, scalePoint } from "./preprocess.ts";
import { encodeMask, encodeNoMask, gridPositions } from "./prompt-encoder.ts";
import { relativePositions } from "./relative-position.ts";
import { createSam, type MaskPrediction } from "./sam.ts";
import { samTensors } from "./tensor-table.ts";
import { decoderSteps } from "./testing/decoder-steps.ts";
import { encoderSteps } from "./testing/encoder-steps.ts";
import {
  type EncoderPoints,
  encoderPoints,
  maskSteps,
  onnxKind,
  tokensOf,
  torchKind,
} from "./testing/golden-prompts.ts";
import { configOf, type GoldenCases, openGoldenTensors } from "./testing/golden-sam.ts";
import { toChannelsFirst } from "./testing/picture-layout.ts";
import type { Weights } from "./weights.ts";

const folder = goldenFolder("sam-tiny");
const runtime = folder === null ? null : await tryRuntime("golden sam-tiny");

describe.skipIf(folder === null || runtime === null)("golden sam-tiny", () => {
  const root = folder ?? "";
  const session = runtime as Runtime;
  const cases = folder === null ? ({} as GoldenCases) : readJson<GoldenCases>(root, "cases.json");
  const config = folder === null ? ({} as ReturnType<typeof configOf>) : configOf(cases);
  const golden = folder === null ? ({} as ReturnType<typeof openGoldenTensors>) : openGoldenTensors(root);
  const file = folder === null ? null : openWeightFile(join(root, "weights.safetensors"));
  const side = config.encoder?.side;
  const grid = folder === null ? 0 : gridSide(config.encoder);

  let compared = 0;
  let worst = 0;
  afterAll(() => {
    file?.close();
    reportGolden("sam-tiny", compared, worst);
  });

  /** The golden values of a name, or of the first item of a batch where the set keeps only that. */
  function wantedFor(name: string, got: ArrayLike<number>): [ArrayLike<number>, ArrayLike<number>] {
    if (golden.has(name)) return [numbers(golden.get(name)), got];
    const wanted = numbers(golden.get(`${name}.batch0`));
    return [wanted, Array.from(got).slice(0, wanted.length)];
  }

  function expectClose(name: string, got: ArrayLike<number>, tolerance: number): void {
    const [wanted, part] = wantedFor(name, got);
    const error = relativeError(part, wanted);
    expect(error, name).toBeLessThanOrEqual(tolerance);
    compared++;
    worst = Math.max(worst, error);
  }

  function expectEqual(name: string, got: ArrayLike<number>): void {
    expectClose(name, got, 0);
  }

  function expectWithin(name: string, got: ArrayLike<number>, tolerance: number): void {
    const wanted = numbers(golden.get(name));
    expect(got.length, name).toBe(wanted.length);
    const gap = Array.from(wanted).reduce((most, value, p) => Math.max(most, Math.abs(value - got[p])), 0);
    expect(gap, name).toBeLessThanOrEqual(tolerance);
    compared++;
    worst = Math.max(worst, relativeError(got, wanted));
  }

  /** Runs what `make` adds to a graph, on the set's weights. */
  async function run(
    make: (weights: Weights, graph: Graph) => Readonly<Record<string, Tensor>>,
    feeds: Arrays = {},
  ): Promise<Arrays> {
    const graph = createGraph();
    const executable = await compile(make(frozenWeights(graph, file as never), graph), session);
    const outputs = await executable.run(feeds);
    await executable.dispose();
    return outputs;
  }

  /** Runs and compares each output with the golden tensor of its name. */
  async function compareAll(
    make: (weights: Weights, graph: Graph) => Readonly<Record<string, Tensor>>,
    feeds: Arrays,
    toleranceOf: (name: string) => number,
  ): Promise<void> {
    const outputs = await run(make, feeds);
    for (const [name, { data }] of Object.entries(outputs))
      expectClose(name, data as Float32Array, toleranceOf(name));
  }

  const casesOf = (what: string): string[] => [
    ...new Set(golden.names.filter((name) => name.startsWith(`${what}.`)).map((name) => name.split(".")[1])),
  ];
  const optional = (name: string): NdArray | undefined => (golden.has(name) ? golden.get(name) : undefined);

  /** Those steps that the set has, by their names there. */
  function pick(steps: Readonly<Record<string, Tensor>>, own: string): Record<string, Tensor> {
    const names = Object.keys(steps).filter((step) =>
      [`${own}.${step}`, `${own}.${step}.batch0`].some((name) => golden.has(name)),
    );
    return Object.fromEntries(names.map((step) => [`${own}.${step}`, steps[step]]));
  }

  it("has the tensors of the configuration, each with its shape", () => {
    const own = new Map([...(file?.tensors ?? [])].map(([name, { shape }]) => [name, shape]));
    expect(own).toEqual(samTensors(config));
  });

  it("resizes as ResizeLongestSide", async () => {
    for (const [k, each] of cases.resize.entries()) {
      const image = await readPhoto(join(root, each.file));
      const small = longestSideSize(image, each.target);
      expect([small.height, small.width]).toEqual(each.out);
      expectEqual(`resize.${k}.uint8`, resizeImage(image, small, "bilinear").data);
      const large = resizeImage(image, longestSideSize(image, 1024), "bilinear");
      expect([large.height, large.width]).toEqual(each.out1024);
      expect(createHash("sha256").update(large.data).digest("hex")).toBe(each.sha256_1024);
      expect(Uint8Array.from(large.data).reduce((sum, value) => sum + value, 0)).toBe(each.sum_1024);
      const [rows, columns] = golden.get(`resize1024.${k}.corner_uint8`).shape;
      const corner = Array.from({ length: rows }, (_, i) => {
        const end = (large.height - rows + i + 1) * large.width * 3;
        return [...large.data.subarray(end - columns * 3, end)];
      });
      expectEqual(`resize1024.${k}.corner_uint8`, corner.flat());
    }
    for (const [height, width, newHeight, newWidth] of cases.preprocess_shape_1024)
      expect(longestSideSize({ height, width }, 1024)).toEqual({ height: newHeight, width: newWidth });
  });

  it("scales points and boxes", async () => {
    for (const [k, { file: name }] of cases.resize.entries()) {
      const image = await readPhoto(join(root, name));
      const size = longestSideSize(image, side);
      const scaled = (values: ArrayLike<number>): number[] =>
        pairs(values).flatMap(([x, y]) => {
          const point = scalePoint({ x, y }, image, size);
          return [point.x, point.y];
        });
      const points = scaled(numbers(golden.get(`coords.${k}.in`)));
      expectClose(`coords.${k}.out`, points, 1e-12);
      // The torch helper multiplies in float32.
      expectClose(`coords_torch.${k}.out`, points, 2e-7);
      expectClose(`boxes.${k}.out`, scaled(numbers(golden.get(`boxes.${k}.in`))), 1e-12);
    }
  });

  it("encodes an image, step by step", async () => {
    const { pixels } = preprocess(await readPhoto(join(root, cases.resize[0].file)), side);
    expectEqual("encoder.input", pixels.data as Float32Array);
    await compareAll(
      (weights, graph) => {
        const x = input(graph, "pixels", pixels.shape);
        const output = encodeImage(weights, x, config, { scores: Number.POSITIVE_INFINITY });
        const wants = (name: string): boolean => golden.has(`encoder.${name}`);
        return pick({ ...encoderSteps(graph, weights, config.encoder, wants), output }, "encoder");
      },
      { pixels },
      (name) => (name === "encoder.output" ? 1e-4 : 2e-5),
    );
  });

  it("reads tables of relative positions", async () => {
    const names = golden.names.filter((name) => /^get_rel_pos\.q\d+_k\d+$/.test(name));
    const table = golden.get("get_rel_pos.table");
    await compareAll(
      (_, graph) =>
        Object.fromEntries(
          names.map((name) => {
            const [queries, keys] = (name.match(/\d+/g) as string[]).map(Number);
            const x = input(graph, `table ${name}`, table.shape);
            return [name, relativePositions(x, queries, keys)];
          }),
        ),
      Object.fromEntries(names.map((name) => [`table ${name}`, table])),
      () => 1e-5,
    );
  });

  /** Points and mask of a prompt case. */
  function promptCase(name: string): EncoderPoints & { mask: NdArray | undefined } {
    const [points, labels, boxes, mask] = ["points", "labels", "boxes", "mask"].map((part) =>
      optional(`prompt.${name}.${part}`),
    );
    const placed = encoderPoints({ points, labels, boxes, kindOf: torchKind, pads: true }, side);
    return { ...placed, batch: mask?.shape[0] ?? placed.batch, mask };
  }

  it("encodes prompts", async () => {
    await compareAll(
      (weights, graph) => ({ dense_pe: toChannelsFirst(gridPositions(weights, graph, grid), grid) }),
      {},
      () => 2e-5,
    );
    for (const name of casesOf("prompt")) {
      const { mask, ...points } = promptCase(name);
      const own = `prompt.${name}`;
      const make = (weights: Weights, graph: Graph): Record<string, Tensor> => {
        const dense =
          mask === undefined ? encodeNoMask(weights) : encodeMask(weights, input(graph, "mask", mask.shape));
        // Without a mask every cell is the same.
        const corner = slice(dense, { axis: 2, end: 1 }, { axis: 3, end: 1 });
        const steps: Record<string, Tensor> = {
          ...(points.kinds.shape[0] > 0 && { sparse: tokensOf(graph, weights, points) }),
          dense_first_column: broadcastTo(corner, [points.batch, config.dim, 1, 1]),
          dense,
          ...(mask !== undefined && maskSteps(graph, weights, grid)),
        };
        return pick(steps, own);
      };
      await compareAll(make, mask === undefined ? {} : { mask }, () => 2e-5);
      if (points.kinds.shape[0] === 0) expectEqual(`${own}.sparse`, []);
    }
  });

  it("decodes masks, step by step", async () => {
    const features = golden.get("encoder.output");
    for (const name of casesOf("decoder")) {
      const { mask, ...points } = promptCase(name);
      const own = `decoder.${name}`;
      const make = (weights: Weights, graph: Graph): Record<string, Tensor> => {
        const dense =
          mask === undefined ? encodeNoMask(weights) : encodeMask(weights, input(graph, "mask", mask.shape));
        const image = prepareImage(weights, input(graph, "features", features.shape), dense, config);
        const sparse = tokensOf(graph, weights, points);
        const { masks, predictedIou } = decodeMasks(weights, image, sparse, config);
        const steps: Record<string, Tensor> = {
          all_masks: masks,
          all_iou: predictedIou,
          iou_multimask_True: slice(predictedIou, { axis: 1, start: 1 }),
          iou_multimask_False: slice(predictedIou, { axis: 1, end: 1 }),
          ...decoderSteps(graph, weights, config),
        };
        return pick(steps, own);
      };
      await compareAll(make, mask === undefined ? { features } : { features, mask }, (step) =>
        /all_|iou_/.test(step) ? 1e-4 : 5e-5,
      );
    }
  });

  it("makes masks of the picture's size", () => {
    const all = golden.get("decoder.box_and_points.all_masks") as NdArray<"float32">;
    const [, count, height, width] = all.shape;
    const plane = height * width;
    for (const [k, { input_size, original_size }] of cases.postprocess.entries()) {
      const prediction: MaskPrediction = {
        logits: floats([count - 1, height, width], all.data.subarray(plane, count * plane)),
        predictedIou: new Float32Array(count - 1),
        original: toSize(original_size),
        input: toSize(input_size),
      };
      expectWithin(`postprocess.${k}.logits`, allLogits(prediction), 1e-5);
    }
  });

  it("predicts as SamPredictor", async () => {
    const sam = createSam(file as never, config, session);
    for (const { name, multimask, point_coords, point_labels, box, image } of cases.predict) {
      const embedding = await sam.embed(await readPhoto(join(root, image)));
      if (image === cases.resize[0].file) expectClose("predictor.features", embedding.features.data, 1e-4);
      const points = point_coords.map(([x, y], k) => ({ x, y, positive: point_labels[k] === 1 }));
      const maskLogits = optional(`predict.${name}.mask_input`) as NdArray<"float32"> | undefined;
      const prediction = await sam.decode(
        embedding,
        {
          points,
          ...(box.length === 4 && { box: { x0: box[0], y0: box[1], x1: box[2], y1: box[3] } }),
          ...(maskLogits !== undefined && { maskLogits }),
        },
        { multimask },
      );
      const own = `predict.${name}.multimask_${multimask ? "True" : "False"}`;
      expectClose(`${own}.low_res`, prediction.logits.data, 1e-4);
      expectClose(`${own}.iou`, prediction.predictedIou, 1e-4);
      const logits = allLogits(prediction);
      if (golden.has(`${own}.logits`)) expectClose(`${own}.logits`, logits, 1e-4);
      expectMasks(`${own}.masks`, logits);
    }
    await sam.dispose();
  });

  it("predicts as Sam.forward, of two images", async () => {
    const sam = createSam(file as never, config, session);
    const boxes = golden.get("sam_forward.boxes");
    for (const k of casesOf("sam_forward").filter((name) => /^\d+$/.test(name))) {
      const embedding = await sam.embed(await readPhoto(join(root, cases.resize[Number(k)].file)));
      // The set's boxes are those of the resized picture.
      const corners = pairs(numbers(boxes));
      const prompts = corners.flatMap(([x0, y0], p) =>
        p % 2 === 0 ? [{ box: { x0, y0, x1: corners[p + 1][0], y1: corners[p + 1][1] } }] : [],
      );
      const tokens = await sam.promptTokens(prompts, embedding.input);
      const [count, length, dim] = tokens.shape;
      const predictions = await sam.decodeAll(
        embedding,
        Array.from({ length: count }, (_, b) => ({
          tokens: floats([length, dim], tokens.data.subarray(b * length * dim, (b + 1) * length * dim)),
        })),
        { multimask: false },
      );
      expectClose(
        `sam_forward.${k}.iou`,
        predictions.flatMap(({ predictedIou }) => [...predictedIou]),
        1e-4,
      );
      expectMasks(
        `sam_forward.${k}.masks`,
        predictions.flatMap((prediction) => allLogits(prediction)),
      );
    }
    await sam.dispose();
  });

  it("computes what SamOnnxModel does", async () => {
    const extra = golden.names.filter((name) => name === "onnx.extra.coords").map(() => "onnx.extra");
    for (const key of [...cases.onnx.map((each) => each.key), ...extra]) {
      const onnxCase = cases.onnx.find((each) => each.key === key) ?? cases.onnx[0];
      const points = encoderPoints(
        {
          points: golden.get(`${key}.coords`),
          labels: golden.get(`${key}.labels`),
          kindOf: onnxKind,
          pads: false,
        },
        side,
      );
      const hasMask = optional(`${key}.has_mask`)?.data[0] === 1;
      const mask = optional(`${key}.mask_input`);
      const { masks, predictedIou } = await run(
        (weights, graph) => {
          const dense = hasMask
            ? encodeMask(weights, input(graph, "mask", (mask as NdArray).shape))
            : encodeNoMask(weights);
          const features = input(graph, "features", golden.get("encoder.output").shape);
          const image = prepareImage(weights, features, dense, config);
          return { ...decodeMasks(weights, image, tokensOf(graph, weights, points), config) };
        },
        { features: golden.get("encoder.output"), ...(hasMask && { mask: mask as NdArray }) },
      );
      const plane = (4 * grid) ** 2;
      const [, count] = golden.get(`${key}.low_res`).shape;
      // return_single_mask: of prompts of up to two points the best of the last three masks, else the first.
      const bonus = (points.kinds.shape[0] - 2.5) * 1000;
      const planeOf = (m: number): Float32Array =>
        (masks.data as Float32Array).subarray(m * plane, (m + 1) * plane);
      // use_stability_score
      const scoreOf = (iou: number, m: number): number =>
        key === "onnx.extra" ? stabilityOf({ data: planeOf(m) }) : iou;
      const scores = Array.from(
        predictedIou.data as Float32Array,
        (iou, m) => scoreOf(iou, m) + (m === 0 ? bonus : 0),
      );
      const best = scores.indexOf(Math.max(...scores));
      if (onnxCase.key === key && onnxCase.selected !== null) expect(best, key).toBe(onnxCase.selected);
      const [start, end] = count === 1 ? [best, best + 1] : [0, MASK_COUNT];
      const low = (masks.data as Float32Array).subarray(start * plane, end * plane);
      expectClose(`${key}.low_res`, low, 1e-4);
      const original = toSize(onnxCase.orig_im_size);
      const prediction = {
        logits: floats([end - start, 4 * grid, 4 * grid], low),
        predictedIou: (predictedIou.data as Float32Array).subarray(start, end),
        original,
        input: longestSideSize(original, side),
      };
      if (golden.has(`${key}.iou`)) expectClose(`${key}.iou`, prediction.predictedIou, 1e-4);
      if (golden.has(`${key}.masks`)) expectClose(`${key}.masks`, allLogits(prediction), 1e-4);
      if (key !== "onnx.extra") continue;
      const upscaled = upscaleLogits(prediction, 0);
      expectWithin(`${key}.scores`, [stabilityOf({ data: low })], 1e-3);
      expectWithin(`${key}.stability`, [stabilityOf(upscaled)], 1e-3);
      const area = thresholdLogits(upscaled).data.reduce((sum, value) => sum + value, 0);
      const flips = upscaled.data.filter((logit) => Math.abs(logit) < 1e-4).length;
      expectWithin(`${key}.areas`, [area], flips);
    }
  });

  it("has looked at every tensor of the set", () => {
    expect(golden.unused()).toEqual([]);
  });

  /** Masks may differ where a logit is next to nothing. */
  function expectMasks(name: string, logits: readonly number[]): void {
    const wanted = numbers(golden.get(name));
    expect(logits.length, name).toBe(wanted.length);
    const wrong = logits.filter((logit, p) => Number(logit > 0) !== wanted[p] && Math.abs(logit) >= 1e-4);
    expect(wrong.length, name).toBe(0);
    compared++;
  }
});

function numbers({ dtype, data }: NdArray): ArrayLike<number> {
  return dtype === "int64" ? Array.from(data as BigInt64Array, Number) : (data as Float32Array);
}

function floats(shape: readonly number[], data: ArrayLike<number>): NdArray<"float32"> {
  return { dtype: "float32", shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
}

function pairs(values: ArrayLike<number>): [number, number][] {
  return Array.from({ length: values.length / 2 }, (_, k) => [values[2 * k], values[2 * k + 1]]);
}

function toSize([height, width]: readonly [number, number]): Size {
  return { height, width };
}

function allLogits(prediction: MaskPrediction): number[] {
  const [count] = prediction.logits.shape;
  return Array.from({ length: count }, (_, m) => [...upscaleLogits(prediction, m).data]).flat();
}
