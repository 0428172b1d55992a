import { expect } from "vitest";
import type { NdArray } from "../core/array.ts";
import {
  type Arrays,
  compile,
  createGraph,
  frozenWeights,
  input,
  l2Normalize,
  type Runtime,
  type Tensor,
} from "../engine/index.ts";
import { interpret } from "../engine/testing/interpreter.ts";
import { type ClipSource, clipTextSide } from "../methods/fma/clip-sides.ts";
import type { TextSide } from "../methods/fma/prompt-training.ts";
import type { ClipConfig } from "../models/clip/config.ts";
import { configOf, type GoldenCases, openGoldenWeights } from "../models/clip/testing/golden-clip.ts";
import { layoutNames, type TextLayout } from "../models/clip/text-layout.ts";
import type { TextTokenizer } from "../models/clip/tokenizer.ts";
import { encodeClipImage } from "../models/clip/vision.ts";
import { type GoldenTensors, openGoldenTensors } from "../models/sam/testing/golden-sam.ts";
import { goldenFolder, readJson } from "./folders.ts";
import { relativeError, reportGolden } from "./golden.ts";
import { tryRuntime } from "./runtime.ts";

interface Cases {
  readonly gradcam: {
    readonly fg: readonly string[];
    readonly bg: readonly string[];
    readonly n_ctx: number;
    readonly layout: "end" | "front" | "middle";
    readonly csc: boolean | readonly number[];
  };
}

/** By the set's README: what the engine computes in float32, and the same graphs by the interpreter in float64, whose weights are float32. */
export const tolerances: Readonly<Record<Dtype, number>> = { float32: 1e-3, float64: 2e-7 };
export type Dtype = "float32" | "float64";
export const dtypes: readonly Dtype[] = ["float32", "float64"];

/** Tensors of CAMs and what they are made of, those of losses, and those of steps of training: each has a test file. */
export const tensorsOf: Readonly<Record<"losses" | "steps", RegExp>> = {
  losses: /^gradcam\.(pixel_label$|.*\.(\w+_loss\w*|\w+_grad_\w+)$)/,
  steps: /^sgd\./,
};

/** What a graph is fed and gives: for the interpreter of float64 numbers, which no engine takes. */
export interface Values {
  readonly dtype: NdArray["dtype"];
  readonly shape: readonly number[];
  readonly data: NdArray["data"] | Float64Array;
}

/** The pictures and texts of the set, with the features of the pictures as computed in one precision. */
export interface GoldenPictures {
  readonly dtype: Dtype;
  readonly config: ClipConfig;
  readonly source: ClipSource;
  /** [B, F] 1 for the classes of each picture. */
  readonly isPresent: readonly number[];
  readonly pictureCount: number;
  readonly classCount: number;
  /** Where `isPresent` is 1. */
  readonly pairs: readonly number[];
  readonly grid: { readonly height: number; readonly width: number };
  readonly layout: TextLayout;
  /** What enters the last block. */
  readonly tokens: Values;
  readonly activation: Values;
  /** [B, E] of length 1. */
  readonly embedding: Values;
}

/** The part of the golden set of FMA-WSSS that is computed with the small golden CLIP. */
export interface GoldenPrompts {
  readonly runtime: Runtime;
  readonly golden: GoldenTensors;
  /** Names of the logit scales: "scale1". */
  readonly scales: readonly string[];
  /** The pictures in a precision, computed once. */
  open(dtype: Dtype): Promise<GoldenPictures>;
  /** The encoder of the set's texts. @param name  of the logit scale */
  textSide(pictures: GoldenPictures, name: string): TextSide;
  /** In float32 by the engine, in float64 by the interpreter. */
  compute<N extends string>(
    dtype: Dtype,
    outputs: Readonly<Record<N, Tensor>>,
    feeds: Readonly<Record<string, Values>>,
  ): Promise<Record<N, Values>>;
  /** Compares with a tensor of the set that has `DTYPE` in its name, for this precision. */
  expectClose(name: string, dtype: Dtype, got: Values | ArrayLike<number>, tolerance?: number): void;
  /** Prints what was compared. */
  close(): void;
}

/** Null, said out loud, where the set or ONNX Runtime is missing. @param what  the tests look at, for their report */
export async function openGoldenPrompts(what: string): Promise<GoldenPrompts | null> {
  const [folder, clipFolder] = [goldenFolder("fma"), goldenFolder("clip-tiny")];
  const runtime = folder === null || clipFolder === null ? null : await tryRuntime("golden fma");
  if (folder === null || clipFolder === null || runtime === null) return null;
  const golden = openGoldenTensors(folder);
  const weights = openGoldenWeights(clipFolder);
  const compared = { float32: 0, float64: 0 };
  const worst = { float32: 0, float64: 0 };

  async function compute<N extends string>(
    dtype: Dtype,
    outputs: Readonly<Record<N, Tensor>>,
    feeds: Readonly<Record<string, Values>>,
  ): Promise<Record<N, Values>> {
    if (dtype === "float32") {
      const executable = await compile(outputs, runtime as Runtime);
      const results = await executable.run(feeds as Arrays);
      await executable.dispose();
      return results as Record<N, NdArray>;
    }
    const numbers = Object.entries(feeds).map(([name, { data }]) => [name, data as Float64Array]);
    const found = interpret(Object.values(outputs), Object.fromEntries(numbers));
    const named = Object.keys(outputs).map((name, k) => [name, { dtype: "float32", ...found[k] }]);
    return Object.fromEntries(named) as Record<N, Values>;
  }

  async function openPictures(dtype: Dtype): Promise<GoldenPictures> {
    const config = configOf(readJson<GoldenCases>(clipFolder as string, "cases.json"));
    const { gradcam } = readJson<Cases>(folder as string, "cases.json");
    const source: ClipSource = { weights, config };
    const present = golden.get("gradcam.fg_cls_lb");
    const [pictureCount, classCount] = present.shape;
    const isPresent = Array.from(present.data as Int32Array);
    const pairs = isPresent.flatMap((value, p) => (value === 1 ? [p] : []));
    const [, , height, width] = golden.get("gradcam.img").shape;
    const grid = { height: height / config.vision.patch, width: width / config.vision.patch };
    const names = [...gradcam.fg, ...gradcam.bg];
    const layout = layoutNames(names, goldenTokenizer(golden, names, gradcam.n_ctx), {
      contextLength: gradcam.n_ctx,
      namePosition: gradcam.layout,
      sharing: gradcam.csc === true ? "each" : gradcam.csc === false ? "shared" : gradcam.csc,
      maxLength: config.text.context,
    });
    const graph = createGraph();
    const pixels = input(graph, "pixels", golden.get("gradcam.img").shape);
    const image = encodeClipImage(frozenWeights(graph, source.weights), pixels, config);
    const features = await compute(
      dtype,
      {
        tokens: image.blocks[config.vision.depth - 2] ?? image.stem,
        activation: image.activation,
        embedding: l2Normalize(image.meanEmbedding),
      },
      { pixels: golden.get("gradcam.img") },
    );
    return { dtype, config, source, isPresent, pictureCount, classCount, pairs, grid, layout, ...features };
  }

  const pictures = new Map<Dtype, Promise<GoldenPictures>>();
  return {
    ...{ runtime, golden, compute },
    scales: [
      ...new Set(golden.names.flatMap((name) => /^gradcam\.(scale[\d.]+?)\.[A-Za-z]/.exec(name)?.[1] ?? [])),
    ],
    open(dtype) {
      const opened = pictures.get(dtype) ?? openPictures(dtype);
      pictures.set(dtype, opened);
      return opened;
    },
    textSide({ source, layout, classCount }, name) {
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
      // The set's scale is a float32 logarithm, as it is among CLIP's weights.
      const scale = Math.exp(Math.fround(Math.log(Number(name.slice("scale".length)))));
      return clipTextSide(source, { layout, vectors, classCount, scale });
    },
    expectClose(name, dtype, got, tolerance = tolerances[dtype]) {
      const values = ("dtype" in got ? got.data : got) as ArrayLike<number>;
      const full = name.replace("DTYPE", dtype);
      const error = relativeError(values, golden.get(full).data as Float64Array);
      expect(error, full).toBeLessThanOrEqual(tolerance);
      compared[dtype]++;
      worst[dtype] = Math.max(worst[dtype], error);
    },
    close() {
      weights.close();
      for (const dtype of dtypes) reportGolden(`fma (${what}, ${dtype})`, compared[dtype], worst[dtype]);
    },
  };
}

/** Gives the token ids that the set has for its names, with and without the full stop. */
function goldenTokenizer(
  golden: GoldenTensors,
  names: readonly string[],
  contextLength: number,
): TextTokenizer {
  const { shape, data } = golden.get("gradcam.token_ids");
  const known = new Map<string, readonly number[]>();
  names.forEach((name, g) => {
    const ids = Array.from((data as Int32Array).subarray(g * shape[1], (g + 1) * shape[1]));
    const words = ids.slice(1 + contextLength, ids.indexOf(Math.max(...ids)));
    const plain = name.replaceAll("_", " ");
    known.set(`${plain}.`, words).set(plain, words.slice(0, -1));
  });
  const [startToken] = data as Int32Array;
  return {
    startToken,
    endToken: Math.max(...(data as Int32Array)),
    encode(text) {
      const found = known.get(text);
      if (found === undefined) throw new Error(`the golden set has no tokens of "${text}"`);
      return found;
    },
  } as TextTokenizer;
}
