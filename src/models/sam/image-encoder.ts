import type { Tensor } from "../../engine/index.ts";
import type { SamConfig } from "./config.ts";
import { neck } from "./neck.ts";
import { encodeTinyVit } from "./tiny-vit.ts";
import { encodeVit } from "./vit.ts";
import { scoped, type Weights } from "./weights.ts";

export interface EncodeImageOptions {
  /** Queries that a ViT's block without windows handles at once. Default 256: at 4,096 tokens and 16 heads 67 MB instead of 1 GB. */
  readonly queryBlock?: number;
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
  { queryBlock = 256 }: EncodeImageOptions = {},
): Tensor {
  const own = scoped(weights, "image_encoder.");
  return neck(
    own,
    encoder.kind === "vit" ? encodeVit(own, image, encoder, queryBlock) : encodeTinyVit(own, image, encoder),
  );
}
