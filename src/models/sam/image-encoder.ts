import type { Tensor } from "../../engine/index.ts";
import { DEFAULT_SCORES } from "./bounded-attention.ts";
import { gridSide, type SamConfig } from "./config.ts";
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

/**
 * The embedding of pictures.
 *
 * @param image  [B, 3, S, S], normalised and padded; see `preprocess`
 * @returns      [B, C, g, g]
 */
export function encodeImage(
  weights: Weights,
  image: Tensor,
  { encoder }: SamConfig,
  { scores = DEFAULT_SCORES, positions }: EncodeImageOptions = {},
): Tensor {
  const own = scoped(weights, "image_encoder.");
  switch (encoder.kind) {
    case "vit":
      return neck(own, encodeVit(own, image, encoder, scores));
    case "tiny-vit":
      return neck(own, encodeTinyVit(own, image, encoder));
    case "hybrid":
      return neck(
        own,
        encodeHybrid(
          own,
          image,
          positions ?? gridPositions(weights, image.graph, gridSide(encoder)),
          encoder,
        ),
      );
  }
}
