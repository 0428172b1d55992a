import { badFormat, MaskwrightError, shapeMismatch } from "../../core/error.ts";
import {
  type Arrays,
  formatShape,
  type LoadedModel,
  loadModel,
  type Runtime,
  readModel,
} from "../../engine/index.ts";
import { MASK_COUNT } from "../sam/config.ts";
import type { SamEmbedding } from "../sam/embedding.ts";
import { type Floats, floats, pickRows } from "../sam/floats.ts";
import type { MaskPrediction, Sam } from "../sam/sam.ts";
import { imageFeeds, promptFeeds } from "./feeds.ts";
import { type Named, type ResolvedPair, resolvePair } from "./resolve.ts";

/** A model in an ONNX file, read when it is needed. */
export interface OnnxFile {
  /** What to call it in errors. */
  readonly where: string;
  /** Its bytes: a new array at every call, since a session may take them over. */
  read(): Uint8Array<ArrayBuffer>;
  /** Folder of the files that its external weights lie in. */
  readonly folder?: string;
}

/** An exported SAM: one model that embeds pictures, one that makes masks of embeddings and prompts. */
export interface OnnxPair {
  readonly encoder: OnnxFile;
  readonly decoder: OnnxFile;
}

/** Masks of a prompt that are taken from a graph; SAM has four. */
const MAX_MASKS = 64;

/**
 * A promptable model that others exported: SAM by segment-anything's script or samexporter, SAM 2 by samexporter, both by
 * transformers (Optimum, onnx-community). The models are read to see that they fit, and each is compiled when it is first used.
 *
 * Differs from `createSam` where the graph decides: prompts are decoded one at a time, there are no tokens, coordinates are float32.
 * A graph of four masks gives the first without `multimask` and the rest with it; one of fewer gives all of them, and without
 * `multimask` the one with the highest predicted IoU.
 *
 * @throws MaskwrightError BAD_FORMAT for files that are no models, or a pair whose inputs and outputs are those of no known layout
 */
export function createOnnxSam({ encoder, decoder }: OnnxPair, runtime: Runtime): Sam {
  const pair = resolvePair(summaryOf(encoder), summaryOf(decoder));
  const { layout, grid } = pair;
  const [embeddingName] = layout.features;
  const encoding = lazyModel(encoder, runtime);
  const decoding = lazyModel(decoder, runtime);

  const decodePrompt = async (
    embedding: SamEmbedding,
    prompt: Parameters<Sam["decode"]>[1],
  ): Promise<Decoded> => {
    const features = featuresOf(embedding, pair);
    const results = await decoding.run({ ...features, ...promptFeeds(prompt, embedding, pair) });
    return readMasks(results, pair, decoder.where);
  };

  const decodeEach: Sam["decodeEach"] = async function* (
    embedding,
    prompts,
    { multimask = true, keep } = {},
  ) {
    const { original, input, upscaling } = embedding;
    for (const [prompt, each] of prompts.entries()) {
      const { masks, predictedIou } = await decodePrompt(embedding, each);
      const offered = choose(predictedIou, multimask);
      const indices = [...offered.keys()].filter(
        (k) => keep === undefined || keep(predictedIou[offered[k]], k),
      );
      const chosen = indices.map((k) => offered[k]);
      yield {
        prompt,
        indices,
        logits: pickRows(masks, chosen),
        predictedIou: Float32Array.from(chosen, (m) => predictedIou[m]),
        original,
        input,
        ...(upscaling !== undefined && { upscaling }),
      };
    }
  };

  const decodeAll: Sam["decodeAll"] = async (embedding, prompts, options) => {
    const predictions: MaskPrediction[] = [];
    for await (const { prompt: _, indices: __, ...prediction } of decodeEach(embedding, prompts, options))
      predictions.push(prediction);
    return predictions;
  };

  return {
    async embed(image) {
      const { feeds, frame } = imageFeeds(image, pair);
      const results = await encoding.run(feeds);
      const [features, ...rest] = layout.features.map((name) => {
        const output = pair.features.get(name) as string;
        return [name, results[output] as Floats] as const;
      });
      checkEmbedding(`${encoder.where}: output "${pair.features.get(embeddingName)}"`, features[1], grid);
      return { features: features[1], ...frame, ...(rest.length > 0 && { extra: Object.fromEntries(rest) }) };
    },
    decode: async (embedding, prompt, options) => (await decodeAll(embedding, [prompt], options))[0],
    decodeAll,
    decodeEach,
    async promptTokens() {
      throw new MaskwrightError(
        "MODEL",
        "promptTokens: expected a model that gives its tokens, got a pair of ONNX files",
        {
          hint: "use a SAM from the authors' checkpoint",
        },
      );
    },
    async dispose() {
      await encoding.dispose();
      await decoding.dispose();
    },
  };
}

interface Decoded {
  /** [M, 4g, 4g] */
  readonly masks: Floats;
  readonly predictedIou: Float32Array;
}

function summaryOf({ where, read }: OnnxFile): Named {
  return { where, ...readModel(read(), where) };
}

/** A model that is compiled when it is first run, and again after it was disposed of. */
function lazyModel(
  { where, read, folder }: OnnxFile,
  runtime: Runtime,
): Pick<LoadedModel, "run" | "dispose"> {
  let loaded: Promise<LoadedModel> | null = null;
  const load = (): Promise<LoadedModel> => {
    const model = loadModel(read(), runtime, { where, ...(folder !== undefined && { folder }) });
    // What cannot be compiled is not kept: the next use tries again.
    model.catch(() => {
      loaded = null;
    });
    return model;
  };
  return {
    async run(feeds) {
      loaded ??= load();
      return (await loaded).run(feeds);
    },
    async dispose() {
      const model = loaded;
      loaded = null;
      await (await model)?.dispose();
    },
  };
}

/** What the decoder takes of a picture. */
function featuresOf({ features, extra = {} }: SamEmbedding, { layout, grid }: ResolvedPair): Arrays {
  const [first, ...rest] = layout.features;
  checkEmbedding("decode: embedding", features, grid);
  const missing = rest.find((name) => extra[name] === undefined);
  if (missing !== undefined)
    throw shapeMismatch(
      "decode: embedding",
      `features "${missing}" beside it`,
      "none",
      "embed the picture with the model that decodes it",
    );
  return { [first]: features, ...Object.fromEntries(rest.map((name) => [name, extra[name]])) };
}

function checkEmbedding(where: string, { shape }: Floats, grid: number): void {
  if (shape.length === 4 && shape[0] === 1 && shape[2] === grid && shape[3] === grid) return;
  throw shapeMismatch(
    where,
    `[1, C, ${grid}, ${grid}]`,
    formatShape(shape),
    "embed the picture with the model that decodes it",
  );
}

/** The masks of the one prompt, whatever axes of length 1 come before them. */
function readMasks(results: Arrays, { layout, grid }: ResolvedPair, where: string): Decoded {
  const { shape, data } = results[layout.masks] as Floats;
  const { data: predictedIou } = results[layout.predictedIou] as Floats;
  const [count = 0, height, width] = shape.slice(-3);
  const isOne = shape.slice(0, -3).every((length) => length === 1);
  if (!isOne || height !== 4 * grid || width !== 4 * grid || count < 1 || count > MAX_MASKS)
    throw badFormat(
      `${where}: output "${layout.masks}"`,
      `masks of one prompt, [1, M, ${4 * grid}, ${4 * grid}]`,
      formatShape(shape),
    );
  if (predictedIou.length !== count)
    throw badFormat(
      `${where}: output "${layout.predictedIou}"`,
      `${count} numbers`,
      `${predictedIou.length}`,
    );
  return { masks: floats([count, height, width], data), predictedIou };
}

/** Which masks a prompt gets: see `createOnnxSam`. */
function choose(predictedIou: Float32Array, multimask: boolean): number[] {
  const all = [...predictedIou.keys()];
  if (all.length === MASK_COUNT) return multimask ? all.slice(1) : [0];
  return multimask ? all : [all.reduce((best, m) => (predictedIou[m] > predictedIou[best] ? m : best))];
}
