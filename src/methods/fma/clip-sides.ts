import type { NdArray } from "../../core/array.ts";
import { constant, type FrozenWeightsOptions, frozenWeights, type WeightFile } from "../../engine/index.ts";
import type { ClipConfig } from "../../models/clip/config.ts";
import { encodeClipLayout } from "../../models/clip/text.ts";
import type { TextLayout } from "../../models/clip/text-layout.ts";
import { clipNorm } from "../../models/clip/transformer.ts";
import { finishClipImage } from "../../models/clip/vision.ts";
import type { LastBlock, TextSide } from "./prompt-training.ts";

export interface ClipSource {
  /** CLIP's tensors by their official names: `Clip.weights`. */
  readonly weights: WeightFile;
  readonly config: ClipConfig;
  /** The weights' file, if they are mapped from there, and its folder, for `compile`. */
  readonly frozen?: FrozenWeightsOptions;
  readonly folder?: string;
}

export interface ClipTextSideOptions {
  /** Classes first, then background prompts. */
  readonly layout: TextLayout;
  /** [U, D] of `layout.tokens`: `Clip.lookUpTokens`. */
  readonly vectors: NdArray<"float32">;
  readonly classCount: number;
  /** `Clip.logitScale` */
  readonly scale: number;
}

/** CLIP's text encoder around a learned context. */
export function clipTextSide(
  { weights, config, frozen = {} }: ClipSource,
  { layout, vectors, classCount, scale }: ClipTextSideOptions,
): TextSide {
  const { contexts, contextLength, tokens } = layout;
  const { dim } = config.text;
  return {
    contextShape: contexts === 1 ? [contextLength, dim] : [contexts, contextLength, dim],
    classCount,
    scale,
    encode(context) {
      const { graph } = context;
      const table = constant(graph, vectors.data, { shape: [tokens.length, dim] });
      const own = frozenWeights(graph, weights, frozen);
      return encodeClipLayout(own, layout, { tokens: table, context }, config);
    },
  };
}

/** CLIP's last block, from what enters it: `EncodedImage.lastInput`. The picture's embedding is the mean of its patches. */
export function clipLastBlock({ weights, config, frozen = {} }: ClipSource): LastBlock {
  const norm = `visual.transformer.resblocks.${config.vision.depth - 1}.ln_1`;
  return (tokens) => {
    const own = frozenWeights(tokens.graph, weights, frozen);
    return {
      activation: clipNorm(own, norm, tokens),
      finish: (activation) => finishClipImage(own, tokens, activation, config).meanEmbedding,
    };
  };
}
