import {
  type FrozenWeightsOptions,
  frozenWeights,
  reshape,
  slice,
  type Tensor,
  transpose,
  type WeightFile,
} from "../../engine/index.ts";
import type { ClipConfig } from "../clip/config.ts";
import { clipDeviations, clipMeans } from "../clip/preprocess.ts";
import { embedPatches, encodeTokens } from "../clip/vision.ts";
import type { MobileNetConfig } from "../mobilenet/config.ts";
import { mobileNetMaps } from "../mobilenet/network.ts";
import type { EfficientSamConfig, SamConfig } from "../sam/config.ts";
import { designOf } from "../sam/sam-design.ts";
import { imageNetNormalization, type Normalization } from "./normalization.ts";

/** An encoder whose maps a light head reads. It is part of the head's graph, and nothing in it is trained. */
export interface FrozenEncoder {
  /** Channels of its maps, the finest first. */
  readonly levels: readonly number[];
  /** Pixels along a side that a position of the finest map stands for. */
  readonly stride: number;
  readonly normalization: Normalization;
  /** Sides of the squares it takes: multiples of `step`, or exactly `step`. */
  readonly sides: { readonly kind: "multiple" | "exact"; readonly step: number };
  /** [B, 3, H, W], normalized, to [B, C, h, w] each. */
  encode(image: Tensor): Tensor[];
}

/**
 * MobileNetV2 with the last halving left out: its maps at an eighth and a 16th of the sides, and its features.
 *
 * @param weights  from `mobileNetWeights` or `mobileNetFromTflite`
 */
export function mobileNetEncoder(weights: WeightFile, config: MobileNetConfig): FrozenEncoder {
  const { blocks, features } = config;
  // Of the last block before each halving, from the third on.
  const ends = blocks.flatMap(({ stride }, i) => (stride === 2 ? [blocks[i - 1]?.channels] : []));
  return {
    levels: [...ends.slice(2), features],
    stride: 8,
    normalization: { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] },
    sides: { kind: "multiple", step: 32 },
    encode: (image) =>
      mobileNetMaps(frozenWeights(image.graph, weights), image, config, { outputStride: 16 }).slice(2),
  };
}

/**
 * CLIP's ViT: the patches after its last block, without the class token.
 *
 * @param weights  from `clipWeights`
 */
export function clipEncoder(
  weights: WeightFile,
  config: ClipConfig,
  options: FrozenWeightsOptions = {},
): FrozenEncoder {
  const { patch, dim } = config.vision;
  return {
    levels: [dim],
    stride: patch,
    normalization: { mean: clipMeans, deviation: clipDeviations },
    sides: { kind: "multiple", step: patch },
    encode(image) {
      const own = frozenWeights(image.graph, weights, options);
      const { blocks } = encodeTokens(own, embedPatches(own, image, config), config);
      const [batch, , height, width] = image.shape as readonly number[];
      const patches = slice(blocks[blocks.length - 1], { axis: 1, start: 1 });
      return [reshape(transpose(patches, [0, 2, 1]), [batch, dim, height / patch, width / patch])];
    },
  };
}

/**
 * SAM's embedding, or MobileSAM's or EfficientSAM's, of squares of the one size it takes.
 *
 * @param weights  from `samWeights`
 */
export function samEncoder(
  weights: WeightFile,
  config: SamConfig | EfficientSamConfig,
  options: FrozenWeightsOptions = {},
): FrozenEncoder {
  const { dim, grid, encodeImage } = designOf(config);
  const { side } = config.encoder;
  return {
    levels: [dim],
    stride: side / grid,
    // SAM's own numbers are these times 255.
    normalization: imageNetNormalization,
    sides: { kind: "exact", step: side },
    encode: (image) => [encodeImage(frozenWeights(image.graph, weights, options), image).features],
  };
}
