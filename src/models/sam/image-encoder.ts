import type { Tensor } from "../../engine/index.ts";
import { DEFAULT_SCORES } from "./bounded-attention.ts";
import { gridSide, type SamConfig } from "./config.ts";
import { type FineMaps, makeFineMaps } from "./fine-maps.ts";
import { encodeHybrid } from "./hybrid.ts";
import { neck } from "./neck.ts";
import { gridPositions } from "./prompt-encoder.ts";
import { encodeTinyVit } from "./tiny-vit.ts";
import { encodeVit } from "./vit.ts";
import { scoped, type Weights } from "./weights.ts";

export interface EncodeImageOptions {
  /** Products of queries and keys that a ViT's attention holds at once. The numbers are the same; memory is less with fewer. Default 2²¹, 8 MB. */
  readonly scores?: number;
  /** Of the cells, for the hybrid encoder, see `cellPositions`; those of a whole picture unless given. */
  readonly positions?: Tensor;
}

/** A picture as the decoder takes it. */
export interface EncodedImage {
  /** [B, C, g, g], the embedding. */
  readonly features: Tensor;
  /** For models whose masks are drawn with more. */
  readonly fine?: FineMaps;
}

/**
 * Pictures as the decoder takes them.
 *
 * @param image  [B, 3, S, S], normalised and padded; see `preprocess`
 */
export function encodePicture(
  weights: Weights,
  image: Tensor,
  { encoder }: SamConfig,
  { scores = DEFAULT_SCORES, positions }: EncodeImageOptions = {},
): EncodedImage {
  const own = scoped(weights, "image_encoder.");
  switch (encoder.kind) {
    case "vit":
      return { features: neck(own, encodeVit(own, image, encoder, scores)) };
    case "tiny-vit":
      return { features: neck(own, encodeTinyVit(own, image, encoder)) };
    case "hybrid": {
      const places = positions ?? gridPositions(weights, image.graph, gridSide(encoder));
      const maps = encodeHybrid(own, image, places, encoder);
      return { features: neck(own, maps.features), fine: makeFineMaps(weights, maps) };
    }
  }
}

/** The embedding of pictures, [B, C, g, g]; as `encodePicture`. */
export function encodeImage(
  weights: Weights,
  image: Tensor,
  config: SamConfig,
  options?: EncodeImageOptions,
): Tensor {
  return encodePicture(weights, image, config, options).features;
}
