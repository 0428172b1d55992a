import { elementCount, type NdArray } from "../../core/array.ts";
import { shapeMismatch } from "../../core/error.ts";
import type { Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { longestSideSize } from "../../core/resize.ts";
import { formatShape, type Runtime, type WeightFile } from "../../engine/index.ts";
import { gridSide, type SamConfig } from "./config.ts";
import type { SamEmbedding } from "./embedding.ts";
import { type Decoded, type NetworkOptions, openNetworks, type PreparedImage } from "./networks.ts";
import { type CoordinatePrecision, preprocess } from "./preprocess.ts";
import { checkPrompt, type Prompt, placePoints, type SamFrame } from "./prompt.ts";

/** A promptable model. Embeddings are values: there is no current picture. */
export interface Sam {
  /** @throws MaskwrightError INVALID_ARGUMENT for a picture of which nothing would remain at the model's size */
  embed(image: RgbImage): Promise<SamEmbedding>;
  /** The masks of a prompt on the picture of an embedding. */
  decode(embedding: SamEmbedding, prompt: Prompt, options?: DecodeOptions): Promise<MaskPrediction>;
  /** As `decode` for each prompt, several at a time where that is faster; prompts of any kinds may be mixed. */
  decodeAll(
    embedding: SamEmbedding,
    prompts: readonly Prompt[],
    options?: DecodeOptions,
  ): Promise<MaskPrediction[]>;
  /**
   * The vectors that stand for prompts in the decoder: two for a box, n + 1 for n points without one.
   *
   * @param original  size of the picture
   * @returns         [N, n, C]
   * @throws MaskwrightError SHAPE_MISMATCH when prompts have different numbers of them
   */
  promptTokens(
    prompts: readonly Prompt[],
    original: Size,
    options?: PromptOptions,
  ): Promise<NdArray<"float32">>;
  /** Frees the memory of the networks; a later call compiles them again. Embeddings and predictions stay. */
  dispose(): Promise<void>;
}

export interface PromptOptions {
  /** Default "float32", as `SamPredictor`; the automatic generator and WPS-SAM have "float64". */
  readonly precision?: CoordinatePrecision;
}

export interface DecodeOptions extends PromptOptions {
  /** Three masks, for a prompt that may mean a part or the whole (default), or one. */
  readonly multimask?: boolean;
}

export interface MaskPrediction extends SamFrame {
  /** [M, 4g, 4g], of low resolution; `predictedMask` makes a mask of the picture's size of one. */
  readonly logits: NdArray<"float32">;
  /** The model's estimate of each mask's IoU with the object; may exceed 1. */
  readonly predictedIou: Float32Array;
}

/** How many prompts are decoded at once. A CPU takes 16 ms for each alone and 18 in company: one fits its caches. */
function batchSizes({ device }: Runtime): readonly number[] {
  return device === "cpu" ? [1] : [16, 4, 1];
}

/**
 * SAM with a ViT encoder. Each network is compiled when it is first used.
 *
 * @param file  the authors' checkpoint, or one by Hugging Face's names
 * @throws MaskwrightError NOT_FOUND or SHAPE_MISMATCH when the file's tensors are not those of the configuration
 */
export function createSam(
  file: WeightFile,
  config: SamConfig,
  runtime: Runtime,
  options: NetworkOptions = {},
): Sam {
  const sizes = batchSizes(runtime);
  const networks = openNetworks(file, config, runtime, options);
  const { dim, encoder } = config;
  const grid = gridSide(encoder);
  // Kept as long as its embedding is, so that one prompt after the other costs no more than all at once.
  const prepared = new WeakMap<SamEmbedding, Promise<PreparedImage>>();
  const prepare = (embedding: SamEmbedding): Promise<PreparedImage> => {
    const known = prepared.get(embedding);
    if (known !== undefined) return known;
    const made = networks.prepareImage(embedding.features);
    prepared.set(embedding, made);
    made.catch(() => prepared.delete(embedding));
    return made;
  };

  /** [n, C] for each prompt; n may be 0. */
  const tokensOf = async (
    prompts: readonly Prompt[],
    frame: SamFrame,
    precision: CoordinatePrecision = "float32",
  ): Promise<NdArray<"float32">[]> => {
    for (const prompt of prompts) checkPrompt(prompt, { dim, grid });
    const placed = prompts.map((prompt) => placePoints(prompt, frame, precision));
    const data = Int32Array.from(placed.flatMap(({ kinds }) => kinds));
    const points = Float32Array.from(placed.flatMap(({ coordinates }) => coordinates));
    const encoded =
      data.length === 0
        ? new Float32Array(0)
        : (
            await networks.encodePoints(floats([data.length, 2], points), {
              dtype: "int32",
              shape: [data.length],
              data,
            })
          ).data;
    let at = 0;
    return prompts.map(({ tokens }, k) => {
      if (tokens !== undefined) return tokens;
      const count = placed[k].kinds.length;
      const own = encoded.subarray(at, at + count * dim);
      at += count * dim;
      return floats([count, dim], own);
    });
  };

  /** Prompts that all have as many tokens, and all a mask or none. */
  const decodeBatch = async (embedding: SamEmbedding, batch: readonly Item[]): Promise<Decoded> => {
    const sparse = stack(
      batch.map(({ tokens }) => tokens.data),
      batch[0].tokens.shape,
    );
    const masks = batch.flatMap(({ prompt }) => prompt.maskLogits?.data ?? []);
    if (masks.length === 0) return networks.decode(await prepare(embedding), sparse);
    return networks.decodeWithMasks(embedding.features, stack(masks, [1, 4 * grid, 4 * grid]), sparse);
  };

  const decodeAll: Sam["decodeAll"] = async (embedding, prompts, { multimask = true, precision } = {}) => {
    const wanted = formatShape([1, dim, grid, grid]);
    if (formatShape(embedding.features.shape) !== wanted)
      throw shapeMismatch(
        "decode: embedding",
        wanted,
        formatShape(embedding.features.shape),
        "embed the picture with the model that decodes it",
      );
    const { original, input } = embedding;
    const tokens = await tokensOf(prompts, embedding, precision);
    const items = prompts.map((prompt, index) => ({ prompt, index, tokens: tokens[index] }));
    const predictions: MaskPrediction[] = [];
    for (const batch of batchesOf(items, sizes)) {
      const { masks, predictedIou } = await decodeBatch(embedding, batch);
      const [, count, ...plane] = masks.shape;
      const [first, end] = multimask ? [1, count] : [0, 1];
      const part = (data: Float32Array, b: number, size: number): Float32Array<ArrayBuffer> =>
        new Float32Array(data.subarray((b * count + first) * size, (b * count + end) * size));
      batch.forEach(({ index }, b) => {
        predictions[index] = {
          logits: floats([end - first, ...plane], part(masks.data, b, elementCount(plane))),
          predictedIou: part(predictedIou.data, b, 1),
          original,
          input,
        };
      });
    }
    return predictions;
  };

  return {
    async embed(image) {
      const { pixels, input } = preprocess(image, encoder.side);
      const { height, width } = image;
      return { features: await networks.encodeImage(pixels), original: { height, width }, input };
    },
    decode: async (embedding, prompt, decodeOptions) =>
      (await decodeAll(embedding, [prompt], decodeOptions))[0],
    decodeAll,
    async promptTokens(prompts, original, { precision } = {}) {
      const frame = { original, input: longestSideSize(original, encoder.side) };
      const tokens = await tokensOf(prompts, frame, precision);
      const counts = new Set(tokens.map(({ shape }) => shape[0]));
      if (counts.size > 1)
        throw shapeMismatch(
          "promptTokens: prompts",
          "as many points and boxes each",
          `${[...counts].join(" and ")} tokens`,
        );
      return stack(
        tokens.map(({ data }) => data),
        [tokens[0]?.shape[0] ?? 0, dim],
      );
    },
    dispose: networks.dispose,
  };
}

function floats(shape: readonly number[], data: Float32Array): NdArray<"float32"> {
  return { dtype: "float32", shape, data };
}

/** Arrays of one shape along a new first axis. */
function stack(parts: readonly Float32Array[], shape: readonly number[]): NdArray<"float32"> {
  const size = elementCount(shape);
  const data = new Float32Array(parts.length * size);
  parts.forEach((part, k) => {
    data.set(part, k * size);
  });
  return floats([parts.length, ...shape], data);
}

interface Item {
  readonly prompt: Prompt;
  readonly index: number;
  readonly tokens: NdArray<"float32">;
}

/** Items with equally many tokens, and with or without a mask, in pieces of the given sizes, of which the last is 1. */
function batchesOf(items: readonly Item[], sizes: readonly number[]): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = `${item.tokens.shape[0]} ${item.prompt.maskLogits !== undefined}`;
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(item);
  }
  const batches: Item[][] = [];
  for (const group of groups.values()) {
    for (let at = 0; at < group.length; at += batches[batches.length - 1].length) {
      const size = sizes.find((each) => each <= group.length - at);
      batches.push(group.slice(at, at + (size as number)));
    }
  }
  return batches;
}
