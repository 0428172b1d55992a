import { afterAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import {
  type Arrays,
  add,
  compile,
  compileTraining,
  constant,
  createGraph,
  frozenWeights,
  type Graph,
  gather,
  gradients,
  input,
  l2Normalize,
  type Numbers,
  type Runtime,
  type Tensor,
  type TrainingGraph,
} from "../../engine/index.ts";
import { configOf, type GoldenCases, openGoldenWeights } from "../../models/clip/testing/golden-clip.ts";
import { layoutNames } from "../../models/clip/text-layout.ts";
import type { TextTokenizer } from "../../models/clip/tokenizer.ts";
import { encodeClipImage } from "../../models/clip/vision.ts";
import { type GoldenTensors, openGoldenTensors } from "../../models/sam/testing/golden-sam.ts";
import { goldenFolder, readJson } from "../../testing/folders.ts";
import { relativeError, reportGolden } from "../../testing/golden.ts";
import { tryRuntime } from "../../testing/runtime.ts";
import type { Competition } from "./class-softmax.ts";
import { createClipCam } from "./clip-cam.ts";
import { type ClipSource, clipLastBlock, clipTextSide } from "./clip-sides.ts";
import { type GradCam, gradCam } from "./grad-cam.ts";
import { camLoss } from "./losses.ts";
import { type SegmentationSample, segmentationFeeds } from "./prompt-batches.ts";
import {
  classificationTraining,
  promptOptimizer,
  promptRate,
  segmentationTraining,
  type TextSide,
} from "./prompt-training.ts";

interface Cases {
  readonly gradcam: {
    readonly fg: readonly string[];
    readonly bg: readonly string[];
    readonly n_ctx: number;
    readonly layout: "end" | "front" | "middle";
    readonly csc: boolean;
  };
}

const folder = goldenFolder("fma");
const clipFolder = goldenFolder("clip-tiny");
const runtime = folder === null || clipFolder === null ? null : await tryRuntime("golden fma");

/** Of float32 computation, by the set's README. */
const TOLERANCE = 1e-3;
const competitions: Readonly<Record<string, Competition>> = {
  True: "present",
  False: "all",
  fg_only: "foreground",
};
const dtypes = ["float32", "float64"] as const;

describe.skipIf(runtime === null)("golden fma: CAMs and prompts", () => {
  const session = runtime as Runtime;
  const golden = runtime === null ? ({} as GoldenTensors) : openGoldenTensors(folder as string);
  const weights = runtime === null ? null : openGoldenWeights(clipFolder as string);
  let compared = 0;
  let worst = 0;
  afterAll(() => {
    weights?.close();
    reportGolden("fma (CAMs and prompts)", compared, worst);
  });
  /** All that the set says, with the features of its pictures. */
  async function openSet() {
    const config = configOf(readJson<GoldenCases>(clipFolder as string, "cases.json"));
    const { gradcam } = readJson<Cases>(folder as string, "cases.json");
    const source: ClipSource = { weights: weights as NonNullable<typeof weights>, config };
    const present = golden.get("gradcam.fg_cls_lb");
    const [pictureCount, classCount] = present.shape;
    const isPresent = Array.from(present.data as Int32Array);
    const pairs = isPresent.flatMap((value, p) => (value === 1 ? [p] : []));
    const [, , height, width] = golden.get("gradcam.img").shape;
    const grid = { height: height / config.vision.patch, width: width / config.vision.patch };
    const names = [...gradcam.fg, ...gradcam.bg];
    const layout = layoutNames(names, goldenTokenizer(names, gradcam.n_ctx), {
      contextLength: gradcam.n_ctx,
      namePosition: gradcam.layout,
      sharing: gradcam.csc ? "each" : "shared",
      maxLength: config.text.context,
    });
    const graph = createGraph();
    const pixels = input(graph, "pixels", golden.get("gradcam.img").shape);
    const image = encodeClipImage(frozenWeights(graph, source.weights), pixels, config);
    const { tokens, activation, embedding } = await run(
      {
        tokens: image.blocks[config.vision.depth - 2],
        activation: image.activation,
        embedding: l2Normalize(image.meanEmbedding),
      },
      { pixels: golden.get("gradcam.img") },
    );
    return {
      config,
      source,
      isPresent,
      pictureCount,
      classCount,
      pairs,
      grid,
      layout,
      tokens,
      activation,
      embedding,
    };
  }

  /** Gives the token ids that the set has for its names, with and without the full stop. */
  function goldenTokenizer(names: readonly string[], contextLength: number): TextTokenizer {
    const { shape, data } = golden.get("gradcam.token_ids");
    const known = new Map<string, readonly number[]>();
    names.forEach((name, g) => {
      const ids = Array.from((data as Int32Array).subarray(g * shape[1], (g + 1) * shape[1]));
      const words = ids.slice(1 + contextLength, ids.indexOf(Math.max(...ids)));
      known.set(`${name}.`, words).set(name, words.slice(0, -1));
    });
    const [startToken] = data as Int32Array;
    return {
      startToken,
      endToken: Math.max(...(data as Int32Array)),
      encode: (text) => known.get(text) ?? [],
    } as TextTokenizer;
  }

  async function run<N extends string>(
    outputs: Readonly<Record<N, Tensor>>,
    feeds: Arrays,
  ): Promise<Record<N, NdArray>> {
    const executable = await compile(outputs, session);
    const results = await executable.run(feeds);
    await executable.dispose();
    return results as Record<N, NdArray>;
  }

  function expectClose(name: string, got: NdArray | ArrayLike<number>, tolerance = TOLERANCE): void {
    const values = ("dtype" in got ? got.data : got) as ArrayLike<number>;
    const error = relativeError(values, golden.get(name).data as Float64Array);
    expect(error, name).toBeLessThanOrEqual(tolerance);
    compared++;
    worst = Math.max(worst, error);
  }

  type Set = Awaited<ReturnType<typeof openSet>>;
  const textSide = ({ source, layout, classCount }: Set, scale: number): TextSide => {
    const rows = golden.get("gradcam.token_rows");
    const ids = Array.from(golden.get("gradcam.token_row_ids").data as Int32Array);
    const dim = rows.shape[1];
    const data = Float32Array.from(
      [...layout.tokens].flatMap((id) => {
        const row = ids.indexOf(id);
        return Array.from((rows.data as Float32Array).subarray(row * dim, (row + 1) * dim));
      }),
    );
    const vectors = { dtype: "float32", shape: [layout.tokens.length, dim], data } as const;
    return clipTextSide(source, { layout, vectors, classCount, scale });
  };
  const scales =
    runtime === null
      ? []
      : [...new Set(golden.names.flatMap((name) => /^gradcam\.(scale\d+)/.exec(name)?.[1] ?? []))];
  const opened = runtime === null ? null : openSet();

  it("features of the pictures", async () => {
    const { activation } = await (opened as Promise<Set>);
    const [tokens, pictures, dim] = golden.get("gradcam.activation").shape;
    const data = golden.get("gradcam.activation").data as Float32Array;
    const turned = data.map((_, p) => {
      const [picture, token, d] = [Math.floor(p / dim / tokens), Math.floor(p / dim) % tokens, p % dim];
      return data[(token * pictures + picture) * dim + d];
    });
    const error = relativeError(activation.data as Float32Array, turned);
    expect(error).toBeLessThan(1e-4);
    compared++;
  });

  it.each(scales)("CAMs and scores, %s", async (name) => {
    const set = await (opened as Promise<Set>);
    const text = textSide(set, Number(name.slice(5)));
    for (const [mode, competition] of Object.entries(competitions)) {
      const context = input(createGraph(), "context", text.contextShape);
      const { graph } = context;
      const texts = l2Normalize(text.encode(context));
      const found = rowsCam(graph, set, { texts, scale: text.scale, competition });
      const { cam, scores, logits } = await run(found, { context: golden.get("gradcam.ctx") });
      for (const dtype of dtypes) {
        const key = `gradcam.${name}.${mode}.${dtype}`;
        expectClose(`${key}.pos_cam`, cam);
        expectClose(`${key}.sm_logits`, byPicture(set, scores));
        if (mode === "True") expectClose(`gradcam.${name}.${dtype}.logits`, byPicture(set, logits));
      }
    }
  });

  it.each(scales)("CAMs picture by picture, %s", async (name) => {
    const set = await (opened as Promise<Set>);
    const { source, classCount, isPresent, pictureCount, tokens, grid } = set;
    const text = textSide(set, Number(name.slice(5)));
    const context = input(createGraph(), "context", text.contextShape);
    const { texts } = await run(
      { texts: l2Normalize(text.encode(context)) },
      { context: golden.get("gradcam.ctx") },
    );
    const network = createClipCam(source, session, { classCount, scale: text.scale });
    const found: number[] = [];
    for (let k = 0; k < pictureCount; k++) {
      const [, count, dim] = tokens.shape;
      const data = (tokens.data as Float32Array).slice(k * count * dim, (k + 1) * count * dim);
      const lastInput = { dtype: "float32", shape: [1, count, dim], data } as const;
      const own = isPresent.slice(k * classCount, (k + 1) * classCount);
      const classes = own.flatMap((value, c) => (value === 1 ? [c + 1] : []));
      const cam = await network.camOf({ grid, lastInput }, texts as NdArray<"float32">, classes.toReversed());
      expect(cam.classes).toEqual(classes);
      found.push(...cam.data);
      const none = await network.camOf({ grid, lastInput }, texts as NdArray<"float32">, []);
      expect([none.classes.length, none.data.length]).toEqual([0, 0]);
      const wrong = { grid: { height: 1, width: 1 }, lastInput };
      await expect(network.camOf(wrong, texts as NdArray<"float32">, classes)).rejects.toThrow(
        "camOf: lastInput",
      );
    }
    await network.dispose();
    expectClose(`gradcam.${name}.True.float32.pos_cam`, found);
  });

  /** One row for each class in a picture, of the set's features. */
  function rowsCam(
    graph: Graph,
    { source, tokens, isPresent, classCount, pairs }: Set,
    options: { readonly texts: Tensor; readonly scale: number; readonly competition: Competition },
  ): Record<keyof GradCam, Tensor> {
    const pictures = pairs.map((pair) => Math.floor(pair / classCount));
    const rowsOf = (data: Numbers, shape: readonly number[]): Tensor =>
      gather(constant(graph, data, { shape }), constant(graph, Int32Array.from(pictures)));
    const block = clipLastBlock(source)(rowsOf(tokens.data as Float32Array, tokens.shape));
    const present = rowsOf(Float32Array.from(isPresent), [isPresent.length / classCount, classCount]);
    const target = constant(
      graph,
      BigInt64Array.from(pairs, (pair) => BigInt(pair % classCount)),
    );
    return { ...gradCam({ ...block, ...options, present, target }) };
  }

  /** The first row of each picture: [P, G] to [B, G]. */
  function byPicture({ pairs, classCount, pictureCount }: Set, { shape, data }: NdArray): number[] {
    return Array.from({ length: pictureCount }, (_, picture) => {
      const row = pairs.findIndex((pair) => Math.floor(pair / classCount) === picture);
      return Array.from((data as Float32Array).subarray(row * shape[1], (row + 1) * shape[1]));
    }).flat();
  }

  it.each(scales)("the contrastive loss and its gradient, %s", async (name) => {
    const set = await (opened as Promise<Set>);
    const { loss, parameters } = classificationTraining(
      textSide(set, Number(name.slice(5))),
      classificationOptions(set),
    );
    const feeds = { ...classificationFeeds(set), context: golden.get("gradcam.ctx") };
    const { value, slope } = await run({ value: loss, slope: gradients(loss, parameters)[0] }, feeds);
    for (const dtype of dtypes) {
      expectClose(`gradcam.${name}.True.${dtype}.cl_loss`, value);
      expectClose(`gradcam.${name}.True.${dtype}.cl_grad_ctx`, slope);
    }
  });

  const classificationOptions = ({ pictureCount, config }: Set) => ({
    batch: pictureCount,
    embeddingLength: config.dim,
  });
  const classificationFeeds = ({ embedding, isPresent, pictureCount, classCount }: Set): Arrays => ({
    pictures: embedding,
    present: { dtype: "float32", shape: [pictureCount, classCount], data: Float32Array.from(isPresent) },
  });

  it.each(scales)("the CAM loss and its gradient, %s", async (name) => {
    const set = await (opened as Promise<Set>);
    const training = segmentationTraining(
      textSide(set, Number(name.slice(5))),
      clipLastBlock(set.source),
      segmentationOptions(set, set.pairs.length),
    );
    const { loss, parameters, report } = training;
    const [feeds] = segmentationRuns(set, set.pairs.length);
    const outputs = { value: loss, slope: gradients(loss, parameters)[0], ...report };
    const { slope, foreground, background } = (await run(outputs, {
      ...feeds,
      context: golden.get("gradcam.ctx"),
    })) as Record<string, NdArray>;
    for (const dtype of dtypes) {
      const key = `gradcam.${name}.True.${dtype}`;
      const sides = [foreground, background].map(({ data }) => Number(data[0]));
      expectClose(`${key}.cam_loss_fg_bg`, sides);
      expectClose(`${key}.cam_grad_ctx`, slope);
      await expectSlopeByCam(key, set);
    }
  });

  /** ∂loss/∂CAM, at the CAM that the set has. */
  async function expectSlopeByCam(key: string, set: Set): Promise<void> {
    const { shape, data } = golden.get(`${key}.pos_cam`);
    const graph = createGraph();
    const cam = input(graph, "cam", shape);
    const labels = golden.get("gradcam.pixel_label");
    const pixels = labels.shape[1] * labels.shape[2];
    const maps = set.pairs.flatMap((pair) => {
      const picture = Math.floor(pair / set.classCount);
      return Array.from((labels.data as Uint8Array).subarray(picture * pixels, (picture + 1) * pixels));
    });
    const { foreground, background } = camLoss(
      cam,
      constant(graph, Int32Array.from(maps), { shape: [shape[0], labels.shape[1], labels.shape[2]] }),
      constant(
        graph,
        BigInt64Array.from(set.pairs, (pair) => BigInt(pair % set.classCount)),
      ),
    );
    const { slope } = await run(
      { slope: gradients(add(foreground, background), [cam])[0] },
      { cam: { dtype: "float32", shape, data: Float32Array.from(data as Float64Array) } },
    );
    expectClose(`${key}.cam_grad_pos_cam`, slope, 1e-5);
  }

  const segmentationOptions = ({ pictureCount, grid, config }: Set, rows: number) => {
    const [, height, width] = golden.get("gradcam.pixel_label").shape;
    return { batch: pictureCount, rows, grid, dim: config.vision.dim, labelSize: { height, width } };
  };

  function segmentationRuns(set: Set, rows: number): Arrays[] {
    const { tokens, isPresent, classCount, pictureCount } = set;
    const labels = golden.get("gradcam.pixel_label").data as Uint8Array;
    const part = <T extends Float32Array | Uint8Array>(data: T, k: number): T =>
      data.subarray((k * data.length) / pictureCount, ((k + 1) * data.length) / pictureCount) as T;
    const samples = Array.from(
      { length: pictureCount },
      (_, k): SegmentationSample => ({
        tokens: part(tokens.data as Float32Array, k),
        labels: part(labels, k),
        classes: isPresent
          .slice(k * classCount, (k + 1) * classCount)
          .flatMap((value, c) => (value === 1 ? [c + 1] : [])),
      }),
    );
    return segmentationFeeds(samples, { ...segmentationOptions(set, rows), classCount });
  }

  describe.each(scales)("five steps of SGD, %s", (name) => {
    /** The README's 8 iterations; the rate and the warm-up before it show in the set's own rates. */
    const scheduleOf = (kind: string): ((step: number) => number) => {
      const rates = Array.from(golden.get(`sgd.${name}.${kind}.float64.lr`).data as Float64Array);
      const rate = Math.max(...rates);
      return promptRate(8, { warmupSteps: rates.indexOf(rate), rate });
    };
    const start = (): { tensors: Map<string, NdArray> } => ({
      tensors: new Map([["context", golden.get("gradcam.ctx")]]),
    });

    async function expectSteps(kind: "cl" | "cam", training: TrainingGraph, feeds: Arrays[]): Promise<void> {
      const trainer = await compileTraining(training, session, {
        optimizer: promptOptimizer,
        microBatches: feeds.length,
        start: start(),
      });
      const schedule = scheduleOf(kind);
      const steps = golden.get(`sgd.${name}.${kind}.float32.losses`).shape[0];
      const losses: number[] = [];
      for (let step = 0; step < steps; step++) losses.push((await trainer.step(feeds, schedule(step))).loss);
      const context = (await trainer.state()).tensors.get("context") as NdArray;
      await trainer.dispose();
      const moved = (values: ArrayLike<number>): Float64Array =>
        Float64Array.from(values, (value, p) => value - Number(golden.get("gradcam.ctx").data[p]));
      for (const dtype of dtypes) {
        const key = `sgd.${name}.${kind}.${dtype}`;
        expectClose(
          `${key}.lr`,
          Array.from({ length: steps }, (_, step) => schedule(step)),
          1e-12,
        );
        expectClose(`${key}.losses`, losses);
        expectClose(`${key}.ctx_after5`, context);
        // What the steps changed, which is small beside the context.
        const wanted = moved(golden.get(`${key}.ctx_after5`).data as Float64Array);
        expect(relativeError(moved(context.data as Float32Array), wanted), key).toBeLessThan(5e-3);
      }
    }

    it("of classification prompts", async () => {
      const set = await (opened as Promise<Set>);
      const training = classificationTraining(
        textSide(set, Number(name.slice(5))),
        classificationOptions(set),
      );
      await expectSteps("cl", training, [classificationFeeds(set)]);
    });

    it.each([1, 3])("of segmentation prompts, in %i runs", async (runs) => {
      const set = await (opened as Promise<Set>);
      const rows = Math.ceil(set.pairs.length / runs);
      const text = textSide(set, Number(name.slice(5)));
      const training = segmentationTraining(text, clipLastBlock(set.source), segmentationOptions(set, rows));
      await expectSteps("cam", training, segmentationRuns(set, rows));
    });
  });

  it("leaves nothing of the set out", () => {
    const left = golden.unused().filter((name) => /^(gradcam|sgd)\./.test(name));
    // A loss of weight 0 in all published runs.
    expect(left.filter((name) => !name.endsWith("soft_margin_loss"))).toEqual([]);
  });
});
