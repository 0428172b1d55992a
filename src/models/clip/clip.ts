import type { NdArray } from "../../core/array.ts";
import { invalid, shapeMismatch } from "../../core/error.ts";
import { formatSize, type Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { findTensor, formatShape, type Runtime, type WeightFile } from "../../engine/index.ts";
import type { ClipConfig } from "./config.ts";
import { readFloats } from "./derived-tensors.ts";
import { type ClipNetworkOptions, openNetworks } from "./networks.ts";
import { preprocessClipImage } from "./preprocess.ts";
import { branchTexts } from "./text-branches.ts";
import { layoutTexts, type TextLayout } from "./text-layout.ts";
import type { TextTokenizer } from "./tokenizer.ts";
import { clipWeights } from "./weights.ts";

type Floats = NdArray<"float32">;

/** Pictures and texts as vectors that can be compared. Results are values: there is no current picture. */
export interface Clip {
  readonly config: ClipConfig;
  /** The weights by their official names, for graphs of one's own. */
  readonly weights: WeightFile;
  /** The factor on cosine similarities, about 100. */
  readonly logitScale: number;
  /**
   * A picture of any size, stretched to whole patches by `preprocessClipImage`.
   *
   * @throws MaskwrightError INVALID_ARGUMENT for a picture of more than 16,384 patches
   */
  encodeImage(image: RgbImage, options?: ClipEncodeOptions): Promise<ImageEncoding>;
  /** As `encodeImage`, for pixels [1, 3, H, W] that are normalised already. */
  encodePixels(pixels: Floats, options?: ClipEncodeOptions): Promise<ImageEncoding>;
  /**
   * [G, E], not normalised.
   *
   * @throws MaskwrightError INVALID_ARGUMENT for a text that is too long
   */
  encodeTexts(texts: readonly string[], tokenizer: TextTokenizer): Promise<Floats>;
  /**
   * As `encodeTexts`, for a layout.
   *
   * @param context  [M, D], or [S, M, D]; absent where the layout has none
   */
  encodeLayout(layout: TextLayout, context?: Floats): Promise<Floats>;
  /** The vectors of tokens, [n, D]. */
  lookUpTokens(ids: ArrayLike<number>): Promise<Floats>;
  /** Frees the memory of the networks; a later call compiles them again. */
  dispose(): Promise<void>;
}

export interface ClipEncodeOptions {
  /** Blocks, counted from the last, whose attention is averaged; none by default. 8 in CLIP-ES and FMA-WSSS. */
  readonly attentionBlocks?: number;
}

/** One picture in CLIP. N = h·w patches in rows. */
export interface ImageEncoding {
  readonly grid: Size;
  /** [E] of the class token: the embedding as published. */
  readonly classEmbedding: Float32Array;
  /** [E], the mean of the patches' embeddings: what FMA-WSSS compares with texts. */
  readonly meanEmbedding: Float32Array;
  /** [N, E] */
  readonly patchEmbeddings: Floats;
  /** [1, 1 + N, D], what enters the last block; with `activation` what `finishClipImage` takes. */
  readonly lastInput: Floats;
  /** [1, 1 + N, D], the first norm in the last block. */
  readonly activation: Floats;
  /** [N, N], averaged over heads and the last blocks; where it was asked for. */
  readonly attention?: Floats;
}

/** Patches of the largest picture: 2048² at 16 px, whose attention is a gigabyte. */
const MAX_PATCHES = 16_384;

/**
 * CLIP with a ViT encoder. Each network is compiled when it is first used; one serves pictures of all sizes up to 2,048 tokens.
 *
 * @param file  OpenAI's archive or state dict, or a file by Hugging Face's names
 * @throws MaskwrightError NOT_FOUND or SHAPE_MISMATCH when the file's tensors are not those of the configuration
 */
export function createClip(
  file: WeightFile,
  config: ClipConfig,
  runtime: Runtime,
  options: ClipNetworkOptions = {},
): Clip {
  const weights = clipWeights(file, config);
  const networks = openNetworks(weights, config, runtime, options);
  const { text, vision } = config;

  const lookUpTokens: Clip["lookUpTokens"] = async (ids) => {
    const wrong = Array.from(ids).find((id) => !(Number.isInteger(id) && id >= 0 && id < text.vocabulary));
    if (wrong !== undefined) throw invalid("lookUpTokens: ids", `integers below ${text.vocabulary}`, wrong);
    return networks.lookUp({ dtype: "int32", shape: [ids.length], data: Int32Array.from(ids) });
  };

  const encodePixels: Clip["encodePixels"] = async (pixels, { attentionBlocks } = {}) => {
    const [count, , height, width] = pixels.shape;
    if (pixels.shape.length !== 4 || count !== 1)
      throw shapeMismatch("encodePixels: pixels", "[1, 3, H, W]", formatShape(pixels.shape));
    const grid = { height: height / vision.patch, width: width / vision.patch };
    checkPatches(grid, vision.patch);
    const stem = await networks.embedPatches(pixels);
    const arrays = await networks.encodeTokens(stem, attentionBlocks ?? null);
    const { embeddings, before: lastInput, activation, attention } = arrays;
    const patches = grid.height * grid.width;
    const data = embeddings.data.slice(config.dim);
    return {
      grid,
      classEmbedding: embeddings.data.slice(0, config.dim),
      meanEmbedding: meanRow(data, patches),
      patchEmbeddings: { dtype: "float32", shape: [patches, config.dim], data },
      lastInput,
      activation,
      ...(attention === undefined ? {} : { attention: withoutClass(attention.data, patches) }),
    };
  };

  const encodeLayout: Clip["encodeLayout"] = async (layout, context) => {
    const { contexts, contextLength } = layout;
    const given = context?.data ?? new Float32Array(0);
    if (given.length !== contexts * contextLength * text.dim) {
      const expected = formatShape([contexts, contextLength, text.dim]);
      throw shapeMismatch("encodeLayout: context", expected, formatShape(context?.shape ?? [0]));
    }
    const tokens = await lookUpTokens(layout.tokens);
    const data = new Float32Array(tokens.data.length + given.length);
    data.set(tokens.data);
    data.set(given, tokens.data.length);
    const vectors: Floats = { dtype: "float32", shape: [data.length / text.dim, text.dim], data };
    return networks.encodeTexts(vectors, branchTexts(layout));
  };

  return {
    config,
    weights,
    logitScale: Math.exp(readFloats(findTensor(weights, "logit_scale"), weights.where)[0]),
    async encodeImage(image, own) {
      const { height, width } = image;
      const [rows, columns] = [height, width].map((side) => Math.ceil(side / vision.patch));
      checkPatches({ height: rows, width: columns }, vision.patch);
      return encodePixels(preprocessClipImage(image, vision.patch), own);
    },
    encodePixels,
    encodeTexts: async (texts, tokenizer) => encodeLayout(layoutTexts(texts, tokenizer, text.context)),
    encodeLayout,
    lookUpTokens,
    dispose: networks.dispose,
  };
}

function checkPatches(grid: Size, patch: number): void {
  if (grid.height * grid.width <= MAX_PATCHES) return;
  throw invalid(
    "encodeImage: image",
    `at most ${MAX_PATCHES} patches of ${patch}×${patch} pixels`,
    `${formatSize(grid)} patches`,
    "make the picture smaller",
  );
}

/** The mean of rows, summed in float64. */
function meanRow(data: Float32Array, count: number): Float32Array {
  const width = data.length / count;
  const sums = new Float64Array(width);
  for (let row = 0, at = 0; row < count; row++) for (let j = 0; j < width; j++) sums[j] += data[at++];
  return Float32Array.from(sums, (sum) => sum / count);
}

/** [1 + N, 1 + N] without the first row and column. */
function withoutClass(data: Float32Array, count: number): Floats {
  const kept = new Float32Array(count * count);
  for (let i = 0; i < count; i++) {
    const from = (i + 1) * (count + 1) + 1;
    kept.set(data.subarray(from, from + count), i * count);
  }
  return { dtype: "float32", shape: [count, count], data: kept };
}
