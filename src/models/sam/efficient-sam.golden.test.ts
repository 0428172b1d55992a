import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import type { Size } from "../../core/geometry.ts";
import { pointWeights, resampleFloats, triangle } from "../../core/resample.ts";
import { readPhoto } from "../../data/photo.ts";
import {
  type Arrays,
  compile,
  constant,
  createGraph,
  frozenWeights,
  type Graph,
  input,
  type Runtime,
  reshape,
  type Tensor,
  type WeightFile,
} from "../../engine/index.ts";
import { openWeightFile } from "../../engine/node.ts";
import { goldenFolder, readJson } from "../../testing/folders.ts";
import { joinArrays, relativeError, reportGolden } from "../../testing/golden.ts";
import { tryRuntime } from "../../testing/runtime.ts";
import { type EfficientSamConfig, gridSide } from "./config.ts";
import { stretchImage } from "./efficient-preprocess.ts";
import { efficientPointKinds } from "./efficient-prompt-encoder.ts";
import { efficientSamDesign, placeEfficientPoints } from "./efficient-sam.ts";
import { type Floats, floats } from "./floats.ts";
import { upscaleLogits } from "./postprocess.ts";
import { shareOfSide } from "./preprocess.ts";
import type { Prompt } from "./prompt.ts";
import { gridPositions } from "./prompt-encoder.ts";
import { createSam, type MaskPrediction } from "./sam.ts";
import { samTensors } from "./tensor-table.ts";
import { efficientDecoderSteps, plainVitSteps } from "./testing/efficient-steps.ts";
import { openGoldenTensors } from "./testing/golden-sam.ts";
import { toChannelsFirst } from "./testing/picture-layout.ts";
import type { Weights } from "./weights.ts";

interface Cases {
  readonly config: {
    readonly img: number;
    readonly dim: number;
    readonly heads: number;
    readonly depth: number;
    readonly neck: number;
    readonly dheads: number;
    readonly dmlp: number;
    readonly up: readonly [number, number];
    readonly iouh: number;
    readonly mlp: number;
    readonly size: readonly [number, number];
  };
  /** Largest differences of the ONNX wrapper's results from PyTorch's, by case. */
  readonly onnx_equals_pytorch_low_res: Readonly<Record<string, number>>;
  readonly onnx_iou_difference: Readonly<Record<string, number>>;
}

const folder = goldenFolder("effsam-tiny");
const runtime = folder === null ? null : await tryRuntime("golden effsam-tiny");

describe.skipIf(folder === null || runtime === null)("golden effsam-tiny", () => {
  const root = folder ?? "";
  const session = runtime as Runtime;
  const cases = folder === null ? ({} as Cases) : readJson<Cases>(root, "cases.json");
  const golden = folder === null ? ({} as ReturnType<typeof openGoldenTensors>) : openGoldenTensors(root);
  const file = folder === null ? null : openWeightFile(join(root, "weights.safetensors"));
  const config = file === null ? ({} as EfficientSamConfig) : configOf(cases.config, file);
  const design = folder === null ? ({} as ReturnType<typeof efficientSamDesign>) : efficientSamDesign(config);
  const names = Object.keys(cases.onnx_equals_pytorch_low_res ?? {});
  const [height, width] = cases.config?.size ?? [0, 0];
  const original: Size = { height, width };

  let compared = 0;
  let worst = 0;
  afterAll(() => {
    file?.close();
    reportGolden("effsam-tiny", compared, worst);
  });

  function expectClose(name: string, got: ArrayLike<number>, tolerance: number): void {
    const error = relativeError(got, golden.get(name).data as Float32Array);
    expect(error, name).toBeLessThanOrEqual(tolerance);
    compared++;
    worst = Math.max(worst, error);
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

  function pick(steps: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
    return Object.fromEntries(Object.entries(steps).filter(([name]) => golden.has(name)));
  }

  const picture = async () => {
    const [name] = readdirSync(root).filter((each) => each.endsWith(".png"));
    return readPhoto(join(root, name));
  };

  it("has the tensors of the configuration, each with its shape", () => {
    const own = new Map([...(file?.tensors ?? [])].map(([name, { shape }]) => [name, shape]));
    expect(own).toEqual(samTensors(config));
  });

  it("stretches the picture to the input's square", async () => {
    const image = await picture();
    expect([image.height, image.width]).toEqual([height, width]);
    const { pixels } = stretchImage(image, config.encoder.side);
    expectClose("preprocessed_every2", everyNth(pixels, 2), 1e-5);
  });

  it("encodes an image, step by step", async () => {
    const { pixels } = stretchImage(await picture(), config.encoder.side);
    const outputs = await run(
      (weights, graph) => {
        const embedding = design.encodeImage(weights, input(graph, "pixels", pixels.shape)).features;
        return { ...pick(plainVitSteps(graph, weights, config)), embedding };
      },
      { pixels },
    );
    for (const [name, { data }] of Object.entries(outputs))
      expectClose(name, data as Float32Array, name === "embedding" ? 1e-4 : 1e-5);
    const { dense } = await run((weights, graph) => {
      const grid = gridSide(config.encoder);
      return { dense: toChannelsFirst(gridPositions(weights, graph, grid), grid) };
    });
    expectClose("dense_pe", dense.data as Float32Array, 2e-5);
  });

  /** The tokens of all prompts of a case, its points padded or cut. */
  function tokensOf(graph: Graph, weights: Weights, name: string, keepsNegative: boolean): Tensor {
    const { shares, kinds, prompts } = caseOf(name, keepsNegative);
    const x = constant(graph, Float32Array.from(shares), { shape: [kinds.length, 2] });
    const tokens = design.encodePoints(weights, x, constant(graph, Int32Array.from(kinds)));
    return reshape(tokens, [prompts, config.pointCount, config.dim]);
  }

  /** @param keepsNegative  whether coordinates below 0 become −1, as in PyTorch; the ONNX wrapper scales them */
  function caseOf(
    name: string,
    keepsNegative: boolean,
  ): { shares: number[]; kinds: number[]; rescaled: number[]; prompts: number } {
    const { side } = config.encoder;
    const points = golden.get(`${name}.points`);
    const [, prompts, count] = points.shape;
    const labels = golden.get(`${name}.labels`).data as Int32Array;
    const rescale = (value: number, axis: number): number =>
      value >= 0 || !keepsNegative ? (value * side) / [width, height][axis] : -1;
    const rescaled = Array.from(points.data as Float32Array, (value, p) => rescale(value, p % 2));
    const shares: number[] = [];
    const kinds: number[] = [];
    for (let q = 0; q < prompts; q++)
      for (let k = 0; k < config.pointCount; k++) {
        const at = q * count + k;
        for (const axis of [0, 1])
          shares.push(shareOfSide(k < count ? rescaled[2 * at + axis] : -1, side, "float32"));
        kinds.push(kindOf(k < count ? labels[at] : -1));
      }
    return { shares, kinds, rescaled, prompts };
  }

  async function decode(name: string, keepsNegative: boolean, withSteps: boolean): Promise<Arrays> {
    const features = golden.get("embedding");
    return run(
      (weights, graph) => {
        const side = design.prepareImage(weights, input(graph, "features", features.shape), null);
        const sparse = tokensOf(graph, weights, name, keepsNegative);
        const { image, filters, predictedIou } = design.decodeTokens(weights, side, sparse);
        const masks = design.drawMasks(weights, image, filters, {});
        const steps = withSteps ? efficientDecoderSteps(graph, weights, config) : {};
        const renamed = Object.entries({ ...steps, sparse }).map(([step, tensor]) => [
          `${name}.${step}`,
          tensor,
        ]);
        return { ...pick(Object.fromEntries(renamed)), masks, predictedIou };
      },
      { features },
    );
  }

  it("decodes masks, step by step", async () => {
    for (const name of names) {
      const { masks, predictedIou, ...steps } = await decode(name, true, true);
      expectClose(`${name}.rescaled`, caseOf(name, true).rescaled, 1e-6);
      for (const [step, { data }] of Object.entries(steps)) expectClose(step, data as Float32Array, 1e-5);
      const [all, iou] = [masks as Floats, predictedIou as Floats];
      const [three, one] = [pickMasks(all, 1, 4), pickMasks(all, 0, 1)];
      expectClose(`${name}.low_res`, three.data, 1e-4);
      expectClose(`${name}.single.low_res`, one.data, 1e-4);
      expectClose(`${name}.iou`, pickMasks(iou, 1, 4).data, 1e-4);
      expectClose(`${name}.single.iou`, pickMasks(iou, 0, 1).data, 1e-4);
      const upscaled = upscaledAll(three);
      expectClose(`${name}.masks_bicubic_every3`, everyNth(upscaled, 3), 1e-4);
      if (golden.has(`${name}.masks_bicubic`)) expectClose(`${name}.masks_bicubic`, upscaled.data, 1e-4);
    }
  });

  it("computes what the ONNX wrapper does", async () => {
    for (const name of names) {
      const outputs = [0, 1, 2].map((k) => `${name}.onnx_out${k}`);
      if (!golden.has(outputs[1])) continue;
      const { masks, predictedIou } = await decode(name, false, false);
      const low = pickMasks(masks as Floats, 1, 4);
      expectClose(outputs[1], pickMasks(predictedIou as Floats, 1, 4).data, 1e-4);
      expectClose(outputs[2], low.data, 1e-4);
      const bilinear = bilinearAll(low);
      if (golden.has(outputs[0])) expectClose(outputs[0], bilinear.data, 1e-4);
      else expectClose(`${outputs[0]}_every3`, everyNth(bilinear, 3), 1e-4);
      // Only coordinates below 0 tell the wrapper from PyTorch.
      const gap = largestGap(low.data, golden.get(`${name}.low_res`).data as Float32Array);
      expect(gap).toBeCloseTo(cases.onnx_equals_pytorch_low_res[name], 4);
      const iouGap = largestGap(
        pickMasks(predictedIou as Floats, 1, 4).data,
        golden.get(`${name}.iou`).data as Float32Array,
      );
      expect(iouGap).toBeCloseTo(cases.onnx_iou_difference[name], 4);
    }
  });

  it("predicts from a picture, for prompts that it can express", async () => {
    const sam = createSam(file as never, config, session);
    const embedding = await sam.embed(await picture());
    expectClose("embedding", embedding.features.data, 1e-4);
    let expressible = 0;
    for (const name of names) {
      const prompts = promptsOf(name);
      if (prompts === null) continue;
      expressible++;
      const placed = prompts.flatMap((prompt) => {
        const frame = { original, input: embedding.input };
        return placeEfficientPoints(prompt, frame, "float32", config.pointCount).coordinates;
      });
      expect(relativeError(placed, caseOf(name, true).shares)).toBeLessThan(1e-6);
      for (const multimask of [true, false]) {
        const predictions = await sam.decodeAll(embedding, prompts, { multimask });
        const own = multimask ? name : `${name}.single`;
        expectClose(`${own}.low_res`, joinArrays(predictions.map(({ logits }) => logits.data)), 1e-4);
        expectClose(`${own}.iou`, joinArrays(predictions.map(({ predictedIou }) => predictedIou)), 1e-4);
        if (!multimask) continue;
        const upscaled = joinArrays(predictions.flatMap(allMasks));
        const whole = floats([prompts.length * 3, height, width], upscaled);
        expectClose(`${name}.masks_bicubic_every3`, everyNth(whole, 3), 1e-4);
      }
    }
    expect(expressible).toBeGreaterThan(0);
    await sam.dispose();
  });

  /** The prompts of a case in our terms, or null where some have none. */
  function promptsOf(name: string): Prompt[] | null {
    const points = golden.get(`${name}.points`);
    const labels = golden.get(`${name}.labels`).data as Int32Array;
    const [, prompts, count] = points.shape;
    if (count > config.pointCount) return null;
    const at = (p: number) => ({ x: points.data[2 * p] as number, y: points.data[2 * p + 1] as number });
    const made: Prompt[] = [];
    for (let q = 0; q < prompts; q++) {
      const own = Array.from({ length: count }, (_, k) => q * count + k);
      // Padding comes last, boxes after points.
      const order = own
        .map((p) => labels[p])
        .filter((label, k) => label !== -1 || points.data[2 * own[k]] !== -1);
      if (!/^1*(23)?$/.test(order.join(""))) return null;
      const positive = own.filter((p) => labels[p] === 1).map((p) => ({ ...at(p), positive: true }));
      const [from, to] = [2, 3].map((label) => own.filter((p) => labels[p] === label).map(at)[0]);
      made.push({
        points: positive,
        ...(from !== undefined && { box: { x0: from.x, y0: from.y, x1: to.x, y1: to.y } }),
      });
    }
    return made;
  }

  /** [B, M, h, w] to [B · M, H, W], bicubically. */
  function upscaledAll({ shape, data }: Floats): Floats {
    const [batch, count, ...plane] = shape;
    const logits = floats([batch * count, ...plane], data);
    const prediction: MaskPrediction = {
      logits,
      predictedIou: new Float32Array(0),
      ...design.frameOf(original),
    };
    return floats([batch * count, height, width], joinArrays(allMasks(prediction)));
  }

  /** The same in one bilinear step. */
  function bilinearAll({ shape, data }: Floats): Floats {
    const [batch, count, h, w] = shape;
    const axis = (from: number, to: number) => pointWeights(from, to, Math.fround(from / to), triangle);
    const wide = resampleFloats(data, batch * count * h, w, 1, axis(w, width));
    return floats(
      [batch * count, height, width],
      resampleFloats(wide, batch * count, h, width, axis(h, height)),
    );
  }

  it("has looked at every tensor of the set", () => {
    expect(golden.unused()).toEqual([]);
  });
});

function configOf(config: Cases["config"], file: WeightFile): EfficientSamConfig {
  const { img, dim, heads, depth, neck, dheads, dmlp, up, iouh, mlp } = config;
  const positions = file.tensors.get("image_encoder.pos_embed")?.shape[1] ?? 0;
  const layers = [...file.tensors.keys()].filter((name) =>
    /transformer\.layers\.\d+\.norm1\.weight$/.test(name),
  );
  const positionSide = Math.sqrt(positions - 1);
  return {
    kind: "efficient-sam",
    encoder: { kind: "plain-vit", side: img, patch: 16, dim, depth, heads, mlpRatio: mlp, positionSide },
    dim: neck,
    pointCount: 6,
    decoder: { depth: layers.length, heads: dheads, mlpDim: dmlp, iouDim: iouh, upscaling: up },
  };
}

/** Labels as PyTorch reads them. */
function kindOf(label: number): number {
  const { padding, positive, topLeft, bottomRight, bare } = efficientPointKinds;
  return (
    new Map([
      [-1, padding],
      [1, positive],
      [2, topLeft],
      [3, bottomRight],
    ]).get(label) ?? bare
  );
}

/** Masks `first` to before `end` of every prompt. */
function pickMasks({ shape, data }: Floats, first: number, end: number): Floats {
  const [batch, count, ...plane] = shape;
  const size = plane.reduce((a, b) => a * b, 1);
  const parts = Array.from({ length: batch }, (_, b) =>
    data.subarray((b * count + first) * size, (b * count + end) * size),
  );
  return floats([batch, end - first, ...plane], joinArrays(parts));
}

function allMasks(prediction: MaskPrediction): Float32Array[] {
  return Array.from({ length: prediction.logits.shape[0] }, (_, m) => upscaleLogits(prediction, m).data);
}

/** Every n-th row and column of the last two axes. */
function everyNth({ shape, data }: NdArray, n: number): number[] {
  const [height, width] = shape.slice(-2);
  return Array.from(data as Float32Array).filter((_, p) => {
    const [i, j] = [Math.floor(p / width) % height, p % width];
    return i % n === 0 && j % n === 0;
  });
}

function largestGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((most, value, p) => Math.max(most, Math.abs(value - b[p])), 0);
}
