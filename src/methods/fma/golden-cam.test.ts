import { afterAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import {
  type Arrays,
  add,
  addUpdate,
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
  matmul,
  mean,
  mul,
  type Runtime,
  slice,
  softplus,
  sub,
  type Tensor,
  type TrainingGraph,
} from "../../engine/index.ts";
import { interpret } from "../../engine/testing/interpreter.ts";
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

/** By the set's README: what the engine computes in float32, and the same graphs by the interpreter in float64, whose weights are float32. */
const tolerances = { float32: 1e-3, float64: 2e-7 } as const;
type Dtype = keyof typeof tolerances;
const competitions: Readonly<Record<string, Competition>> = {
  True: "present",
  False: "all",
  fg_only: "foreground",
};
const dtypes = ["float32", "float64"] as const satisfies readonly Dtype[];

/** What a graph is fed and gives: for the interpreter of float64 numbers, which no engine takes. */
interface Values {
  readonly dtype: NdArray["dtype"];
  readonly shape: readonly number[];
  readonly data: NdArray["data"] | Float64Array;
}

describe.skipIf(runtime === null)("golden fma: CAMs and prompts", () => {
  const session = runtime as Runtime;
  const golden = runtime === null ? ({} as GoldenTensors) : openGoldenTensors(folder as string);
  const weights = runtime === null ? null : openGoldenWeights(clipFolder as string);
  const compared = { float32: 0, float64: 0 };
  const worst = { float32: 0, float64: 0 };
  afterAll(() => {
    weights?.close();
    reportGolden("fma (CAMs and prompts, float32)", compared.float32, worst.float32);
    reportGolden("fma (CAMs and prompts, float64)", compared.float64, worst.float64);
  });
  /** All that the set says, with the features of its pictures as computed in this precision. */
  async function openSet(dtype: Dtype) {
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
    const { tokens, activation, embedding } = await compute(
      dtype,
      {
        tokens: image.blocks[config.vision.depth - 2],
        activation: image.activation,
        embedding: l2Normalize(image.meanEmbedding),
      },
      { pixels: golden.get("gradcam.img") },
    );
    return {
      dtype,
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

  /** In float32 by the engine, in float64 by the interpreter. */
  async function compute<N extends string>(
    dtype: Dtype,
    outputs: Readonly<Record<N, Tensor>>,
    feeds: Readonly<Record<string, Values>>,
  ): Promise<Record<N, Values>> {
    if (dtype === "float32") {
      const executable = await compile(outputs, session);
      const results = await executable.run(feeds as Arrays);
      await executable.dispose();
      return results as Record<N, NdArray>;
    }
    const numbers = Object.entries(feeds).map(([name, { data }]) => [name, data as Float64Array]);
    const found = interpret(Object.values(outputs), Object.fromEntries(numbers));
    const named = Object.keys(outputs).map((name, k) => [name, { dtype: "float32", ...found[k] }]);
    return Object.fromEntries(named) as Record<N, Values>;
  }

  /** A tensor of the set that has `DTYPE` in its name, for this precision. */
  function expectClose(
    name: string,
    dtype: Dtype,
    got: Values | ArrayLike<number>,
    tolerance: number = tolerances[dtype],
  ): void {
    const values = ("dtype" in got ? got.data : got) as ArrayLike<number>;
    const full = name.replace("DTYPE", dtype);
    const error = relativeError(values, golden.get(full).data as Float64Array);
    expect(error, full).toBeLessThanOrEqual(tolerance);
    compared[dtype]++;
    worst[dtype] = Math.max(worst[dtype], error);
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
  /** A precision's set, opened once. */
  const sets = new Map<Dtype, Promise<Set>>();
  const open = (dtype: Dtype): Promise<Set> => {
    const set = sets.get(dtype) ?? openSet(dtype);
    sets.set(dtype, set);
    return set;
  };
  const cases = scales.flatMap((name) => dtypes.map((dtype) => [name, dtype] as const));

  it("features of the pictures", async () => {
    const { activation } = await open("float32");
    const [tokens, pictures, dim] = golden.get("gradcam.activation").shape;
    const data = golden.get("gradcam.activation").data as Float32Array;
    const turned = data.map((_, p) => {
      const [picture, token, d] = [Math.floor(p / dim / tokens), Math.floor(p / dim) % tokens, p % dim];
      return data[(token * pictures + picture) * dim + d];
    });
    const error = relativeError(activation.data as Float32Array, turned);
    expect(error).toBeLessThan(1e-4);
    compared.float32++;
  });

  it.each(cases)("CAMs and scores, %s, %s", async (name, dtype) => {
    const set = await open(dtype);
    const text = textSide(set, Number(name.slice(5)));
    for (const [mode, competition] of Object.entries(competitions)) {
      const context = input(createGraph(), "context", text.contextShape);
      const { graph } = context;
      const texts = l2Normalize(text.encode(context));
      const found = rowsCam(graph, set, { texts, scale: text.scale, competition });
      const feeds = { context: golden.get("gradcam.ctx"), tokens: set.tokens };
      const { cam, scores, logits } = await compute(dtype, found, feeds);
      const key = `gradcam.${name}.${mode}.DTYPE`;
      expectClose(`${key}.pos_cam`, dtype, cam);
      expectClose(`${key}.sm_logits`, dtype, byPicture(set, scores));
      if (mode === "True") expectClose(`gradcam.${name}.DTYPE.logits`, dtype, byPicture(set, logits));
    }
  });

  it.each(scales)("CAMs picture by picture, %s", async (name) => {
    const set = await open("float32");
    const { source, classCount, isPresent, pictureCount, tokens, grid } = set;
    const text = textSide(set, Number(name.slice(5)));
    const context = input(createGraph(), "context", text.contextShape);
    const { texts } = await compute(
      "float32",
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
    expectClose(`gradcam.${name}.True.DTYPE.pos_cam`, "float32", found);
  });

  /** One row for each class in a picture, of the set's features. */
  function rowsCam(
    graph: Graph,
    { source, tokens, isPresent, classCount, pairs }: Set,
    options: { readonly texts: Tensor; readonly scale: number; readonly competition: Competition },
  ): Record<keyof GradCam, Tensor> {
    const pictures = pairs.map((pair) => Math.floor(pair / classCount));
    const rowsOf = (values: Tensor): Tensor => gather(values, constant(graph, Int32Array.from(pictures)));
    const block = clipLastBlock(source)(rowsOf(input(graph, "tokens", tokens.shape)));
    const shape = [isPresent.length / classCount, classCount];
    const present = rowsOf(constant(graph, Float32Array.from(isPresent), { shape }));
    const target = constant(
      graph,
      BigInt64Array.from(pairs, (pair) => BigInt(pair % classCount)),
    );
    return { ...gradCam({ ...block, ...options, present, target }) };
  }

  /** The first row of each picture: [P, G] to [B, G]. */
  function byPicture({ pairs, classCount, pictureCount }: Set, { shape, data }: Values): number[] {
    return Array.from({ length: pictureCount }, (_, picture) => {
      const row = pairs.findIndex((pair) => Math.floor(pair / classCount) === picture);
      return Array.from((data as Float32Array).subarray(row * shape[1], (row + 1) * shape[1]));
    }).flat();
  }

  it.each(cases)("the contrastive loss and its gradient, %s, %s", async (name, dtype) => {
    const set = await open(dtype);
    const { loss, parameters } = classificationTraining(
      textSide(set, Number(name.slice(5))),
      classificationOptions(set),
    );
    const feeds = { ...classificationFeeds(set), context: golden.get("gradcam.ctx") };
    const outputs = { value: loss, slope: gradients(loss, parameters)[0] };
    const { value, slope } = await compute(dtype, outputs, feeds);
    expectClose(`gradcam.${name}.True.DTYPE.cl_loss`, dtype, value);
    expectClose(`gradcam.${name}.True.DTYPE.cl_grad_ctx`, dtype, slope);
  });

  // It has weight 0 in all published runs and no place in the method: what it says of the logits is compared.
  it.each(cases)("the auxiliary soft-margin loss of the logits, %s, %s", async (name, dtype) => {
    const set = await open(dtype);
    const text = textSide(set, Number(name.slice(5)));
    const context = input(createGraph(), "context", text.contextShape);
    const { pictures, present } = classificationFeeds(set);
    const texts = slice(l2Normalize(text.encode(context)), { axis: 0, end: set.classCount });
    const rows = input(context.graph, "pictures", pictures.shape);
    const logits = matmul(rows, texts, { transposeB: true, alpha: text.scale });
    const wanted = input(context.graph, "present", present.shape);
    const loss = mean(sub(softplus(logits), mul(wanted, logits)));
    const feeds = { pictures, present, context: golden.get("gradcam.ctx") };
    const { value } = await compute(dtype, { value: loss }, feeds);
    expectClose(`gradcam.${name}.True.DTYPE.soft_margin_loss`, dtype, value);
  });

  const classificationOptions = ({ pictureCount, config }: Set) => ({
    batch: pictureCount,
    embeddingLength: config.dim,
  });
  const classificationFeeds = ({ embedding, isPresent, pictureCount, classCount }: Set) => ({
    pictures: embedding,
    present: {
      dtype: "float32",
      shape: [pictureCount, classCount],
      data: Float32Array.from(isPresent),
    } as const,
  });

  it.each(cases)("the CAM loss and its gradient, %s, %s", async (name, dtype) => {
    const set = await open(dtype);
    const training = segmentationTraining(
      textSide(set, Number(name.slice(5))),
      clipLastBlock(set.source),
      segmentationOptions(set, set.pairs.length),
    );
    const { loss, parameters, report } = training;
    const [feeds] = segmentationRuns(set, set.pairs.length);
    const outputs = { value: loss, slope: gradients(loss, parameters)[0], ...report };
    const { slope, foreground, background } = (await compute(dtype, outputs, {
      ...feeds,
      context: golden.get("gradcam.ctx"),
    })) as Record<string, Values>;
    const key = `gradcam.${name}.True.DTYPE`;
    const sides = [foreground, background].map(({ data }) => Number(data[0]));
    expectClose(`${key}.cam_loss_fg_bg`, dtype, sides);
    expectClose(`${key}.cam_grad_ctx`, dtype, slope);
    await expectSlopeByCam(key, set);
  });

  /** ∂loss/∂CAM, at the CAM that the set has. */
  async function expectSlopeByCam(key: string, set: Set): Promise<void> {
    const { dtype } = set;
    const cams = golden.get(`${key}.pos_cam`.replace("DTYPE", dtype));
    const { shape } = cams;
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
    const { slope } = await compute(
      dtype,
      { slope: gradients(add(foreground, background), [cam])[0] },
      { cam: cams },
    );
    expectClose(`${key}.cam_grad_pos_cam`, dtype, slope, dtype === "float32" ? 1e-5 : tolerances.float64);
  }

  const segmentationOptions = ({ pictureCount, grid, config }: Set, rows: number) => {
    const [, height, width] = golden.get("gradcam.pixel_label").shape;
    return { batch: pictureCount, rows, grid, dim: config.vision.dim, labelSize: { height, width } };
  };

  function segmentationRuns(set: Set, rows: number): Readonly<Record<string, Values>>[] {
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
    const runs = segmentationFeeds(samples, { ...segmentationOptions(set, rows), classCount });
    // Tokens that were not rounded to float32.
    return runs.map((feeds) => ({ ...feeds, ...(runs.length === 1 && { tokens }) }));
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

    interface Trained {
      readonly losses: readonly number[];
      readonly context: ArrayLike<number>;
    }

    async function train(
      training: TrainingGraph,
      feeds: readonly Readonly<Record<string, Values>>[],
      rates: readonly number[],
    ): Promise<Trained> {
      const trainer = await compileTraining(training, session, {
        optimizer: promptOptimizer,
        microBatches: feeds.length,
        start: start(),
      });
      const losses: number[] = [];
      for (const rate of rates) losses.push((await trainer.step(feeds as Arrays[], rate)).loss);
      const { data } = (await trainer.state()).tensors.get("context") as NdArray;
      await trainer.dispose();
      return { losses, context: data as Float32Array };
    }

    /** The same by the interpreter, in one run a step. */
    function trainExactly(
      { loss, parameters }: TrainingGraph,
      fixed: Readonly<Record<string, Values>>,
      rates: readonly number[],
    ): Trained {
      const [context] = parameters;
      const next = addUpdate(promptOptimizer, { context }, { context: gradients(loss, [context])[0] });
      const moment = Object.keys(next).find((name) => name !== "context") as string;
      const rateName = [...context.graph.names].find((name) => name.includes("rate")) as string;
      const given = Object.entries(fixed).map(([name, { data }]) => [name, data as Float64Array]);
      const before = golden.get("gradcam.ctx").data as Float32Array;
      const losses: number[] = [];
      let state: Record<string, ArrayLike<number>> = {
        context: before,
        [moment]: new Float64Array(before.length),
      };
      for (const rate of rates) {
        const feeds = { ...Object.fromEntries(given), ...state, [rateName]: [rate] };
        const [value, moved, velocity] = interpret([loss, next.context, next[moment]], feeds);
        losses.push(value.data[0]);
        state = { context: moved.data, [moment]: velocity.data };
      }
      return { losses, context: state.context };
    }

    async function expectSteps(
      kind: "cl" | "cam",
      dtype: Dtype,
      training: TrainingGraph,
      feeds: readonly Readonly<Record<string, Values>>[],
    ): Promise<void> {
      const key = `sgd.${name}.${kind}.DTYPE`;
      const count = golden.get(`${key}.losses`.replace("DTYPE", dtype)).shape[0];
      const rates = Array.from({ length: count }, (_, step) => scheduleOf(kind)(step));
      const exact = dtype === "float64";
      const { losses, context } = exact
        ? trainExactly(training, feeds[0], rates)
        : await train(training, feeds, rates);
      expectClose(`${key}.lr`, dtype, rates, 1e-12);
      // Five steps on weights that are float32: the last loss of the CAMs is 5e-7 away.
      expectClose(`${key}.losses`, dtype, losses, exact ? 1e-6 : undefined);
      expectClose(`${key}.ctx_after5`, dtype, context);
      // What the steps changed, which is small beside the context.
      const moved = (values: ArrayLike<number>): Float64Array =>
        Float64Array.from(values, (value, p) => value - Number(golden.get("gradcam.ctx").data[p]));
      const wanted = moved(golden.get(`${key}.ctx_after5`.replace("DTYPE", dtype)).data as Float64Array);
      expect(relativeError(moved(context), wanted), key).toBeLessThan(exact ? 5e-4 : 5e-3);
    }

    it.each(dtypes)("of classification prompts, %s", async (dtype) => {
      const set = await open(dtype);
      const training = classificationTraining(
        textSide(set, Number(name.slice(5))),
        classificationOptions(set),
      );
      await expectSteps("cl", dtype, training, [classificationFeeds(set)]);
    });

    it.each([
      [1, "float32"],
      [3, "float32"],
      [1, "float64"],
    ] as const)("of segmentation prompts, in %i runs, %s", async (runs, dtype) => {
      const set = await open(dtype);
      const rows = Math.ceil(set.pairs.length / runs);
      const text = textSide(set, Number(name.slice(5)));
      const training = segmentationTraining(text, clipLastBlock(set.source), segmentationOptions(set, rows));
      await expectSteps("cam", dtype, training, segmentationRuns(set, rows));
    });
  });

  it("leaves nothing of the set out", () => {
    expect(golden.unused().filter((name) => /^(gradcam|sgd)\./.test(name))).toEqual([]);
  });
});
