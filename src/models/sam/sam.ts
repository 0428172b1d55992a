import { invalid, shapeMismatch } from "../../core/error.ts";
import type { Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { formatShape, type Runtime, type WeightFile } from "../../engine/index.ts";
import { type EfficientSamConfig, MASK_COUNT, type SamConfig } from "./config.ts";
import type { SamEmbedding } from "./embedding.ts";
import { type Floats, floats, pickRows, rowOf, stack } from "./floats.ts";
import { type DecoderImage, type NetworkOptions, openNetworks, type PreparedImage } from "./networks.ts";
import type { CoordinatePrecision } from "./preprocess.ts";
import { checkPrompt, type Prompt, type SamFrame } from "./prompt.ts";
import { batchesOf, type PromptItem } from "./prompt-batches.ts";
import { designOf, type SamDesign } from "./sam-design.ts";
import { samWeights } from "./weights.ts";

/** A promptable model. Embeddings are values: there is no current picture. */
export interface Sam {
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
   * As `decodeAll`, one prediction after the other, so that those of thousands of prompts never lie in memory together. Masks that are
   * not kept are not drawn, which is about half of the work.
   *
   * Prompts of one kind come in their order; kinds are taken in turn.
   */
  decodeEach(
    embedding: SamEmbedding,
    prompts: readonly Prompt[],
    options?: DecodeEachOptions,
  ): AsyncIterable<KeptPrediction>;
  /**
   * The vectors that stand for prompts in the decoder: two for a box, n + 1 for n points without one; six for EfficientSAM.
   *
   * @param original  size of the picture
   * @returns         [N, n, C]
   * @throws MaskwrightError SHAPE_MISMATCH when prompts have different numbers of them
   */
  promptTokens(prompts: readonly Prompt[], original: Size, options?: PromptOptions): Promise<Floats>;
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
  /** The most prompts decoded at once, which costs memory and changes no mask. Default 1 on a CPU, 16 elsewhere. */
  readonly batch?: number;
}

export interface DecodeEachOptions extends DecodeOptions {
  /**
   * Whether a mask is drawn; all are by default.
   *
   * @param index  which of the prompt's masks, 0 to 2, or 0 without `multimask`
   */
  readonly keep?: (predictedIou: number, index: number) => boolean;
}

export interface MaskPrediction extends SamFrame {
  /** [M, 4g, 4g], of low resolution; `predictedMask` makes a mask of the picture's size of one. */
  readonly logits: Floats;
  /** The model's estimate of each mask's IoU with the object; may exceed 1. */
  readonly predictedIou: Float32Array;
}

/** The masks of a prompt that were kept, which may be none. */
export interface KeptPrediction extends MaskPrediction {
  /** Which of the prompts. */
  readonly prompt: number;
  /** Which of the prompt's masks each is. */
  readonly indices: readonly number[];
}

/** A CPU takes 16 ms for each prompt alone and 18 in company: one fits its caches. */
function defaultBatch({ device }: Runtime): number {
  return device === "cpu" ? 1 : 16;
}

/**
 * SAM, MobileSAM or EfficientSAM. Each network is compiled when it is first used.
 *
 * @param file  the authors' checkpoint, or one of SAM by Hugging Face's names
 * @throws MaskwrightError NOT_FOUND or SHAPE_MISMATCH when the file's tensors are not those of the configuration
 */
export function createSam(
  file: WeightFile,
  config: SamConfig | EfficientSamConfig,
  runtime: Runtime,
  options: NetworkOptions = {},
): Sam {
  const design = designOf(config);
  const networks = openNetworks(samWeights(file, config), design, runtime, options);
  const { dim, grid } = design;
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
  ): Promise<Floats[]> => {
    for (const prompt of prompts) checkPrompt(prompt, { dim, grid });
    const placed = prompts.map((prompt) => design.placePoints(prompt, frame, precision));
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

  /** The image for prompts that all have a mask or all have none. */
  const imageOf = async (embedding: SamEmbedding, batch: readonly PromptItem[]): Promise<DecoderImage> => {
    const { features, extra } = embedding;
    const masks = batch.flatMap(({ prompt }) => prompt.maskLogits?.data ?? []);
    const side = masks.length === 0 ? await prepare(embedding) : null;
    return { ...(side ?? { features, mask: stack(masks, [1, 4 * grid, 4 * grid]) }), ...extra };
  };

  const decodeEach = async function* (
    embedding: SamEmbedding,
    prompts: readonly Prompt[],
    { multimask = true, precision, batch: most = defaultBatch(runtime), keep }: DecodeEachOptions = {},
  ): AsyncGenerator<KeptPrediction> {
    checkEmbedding(embedding, design);
    if (!Number.isInteger(most) || most < 1) throw invalid("decode: batch", "an integer >= 1", most);
    const frame = design.frameOf(embedding.original);
    const tokens = await tokensOf(prompts, frame, precision);
    const items = prompts.map((prompt, index) => ({ prompt, index, tokens: tokens[index] }));
    const [first, end] = multimask ? [1, MASK_COUNT] : [0, 1];
    for (const batch of batchesOf(items, most)) {
      const sparse = stack(
        batch.map(({ tokens }) => tokens.data),
        batch[0].tokens.shape,
      );
      const image = await imageOf(embedding, batch);
      const decoded =
        keep === undefined
          ? await networks.decode(image, sparse)
          : await networks.decodeTokens(image, sparse);
      for (const [b, { index }] of batch.entries()) {
        const estimates = rowOf(decoded.predictedIou, b).data.subarray(first, end);
        const indices = [...estimates.keys()].filter((m) => keep === undefined || keep(estimates[m], m));
        const chosen = indices.map((m) => first + m);
        const logits =
          "masks" in decoded
            ? pickRows(rowOf(decoded.masks, b), chosen)
            : await draw(
                rowOf(decoded.cells, b),
                pickRows(rowOf(decoded.filters, b), chosen),
                batch[b].tokens,
                embedding,
              );
        const predictedIou = Float32Array.from(indices, (m) => estimates[m]);
        yield { prompt: index, indices, logits, predictedIou, ...frame };
      }
    }
  };

  /** [P, C], [M, c] and [n, C] to [M, 4g, 4g] */
  const draw = async (
    cells: Floats,
    filters: Floats,
    tokens: Floats,
    { extra = {} }: SamEmbedding,
  ): Promise<Floats> => {
    const plane = [4 * grid, 4 * grid];
    if (filters.shape[0] === 0) return floats([0, ...plane], new Float32Array(0));
    const one = ({ shape, data }: Floats): Floats => floats([1, ...shape], data);
    const { shape, data } = await networks.drawMasks(one(cells), one(filters), one(tokens), extra);
    return floats(shape.slice(1), data);
  };

  const decodeAll: Sam["decodeAll"] = async (embedding, prompts, decodeOptions) => {
    const predictions: MaskPrediction[] = [];
    for await (const { prompt, indices: _, ...prediction } of decodeEach(embedding, prompts, decodeOptions))
      predictions[prompt] = prediction;
    return predictions;
  };

  return {
    async embed(image) {
      const { height, width } = image;
      const { features, ...extra } = await networks.encodeImage(design.preprocess(image).pixels);
      const fine = Object.keys(extra).length === 0 ? {} : { extra };
      return { features, ...fine, ...design.frameOf({ height, width }) };
    },
    decode: async (embedding, prompt, decodeOptions) =>
      (await decodeAll(embedding, [prompt], decodeOptions))[0],
    decodeAll,
    decodeEach,
    async promptTokens(prompts, original, { precision } = {}) {
      const tokens = await tokensOf(prompts, design.frameOf(original), precision);
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

function checkEmbedding(
  { features, extra = {} }: SamEmbedding,
  { dim, grid, extra: names }: SamDesign,
): void {
  const [wanted, got] = [formatShape([1, dim, grid, grid]), formatShape(features.shape)];
  const hint = "embed the picture with the model that decodes it";
  if (got !== wanted) throw shapeMismatch("decode: embedding", wanted, got, hint);
  const missing = names.find((name) => extra[name] === undefined);
  if (missing !== undefined)
    throw shapeMismatch("decode: embedding", `finer maps ("${missing}")`, "none", hint);
}
