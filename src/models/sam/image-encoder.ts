import type { Tensor } from "../../engine/index.ts";
import { DEFAULT_SCORES } from "./bounded-attention.ts";
import type { SamConfig } from "./config.ts";
import { neck } from "./neck.ts";
import { encodeTinyVit } from "./tiny-vit.ts";
import { encodeVit } from "./vit.ts";
import { scoped, type Weights } from "./weights.ts";

export interface EncodeImageOptions {
  /** Products of queries and keys that a ViT's attention holds at once. The numbers are the same; memory is less with fewer. Default 2²¹, 8 MB. */
  readonly scores?: number;
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
  { scores = DEFAULT_SCORES }: EncodeImageOptions = {},
): Tensor {
  const own = scoped(weights, "image_encoder.");
  return neck(
    own,
    encoder.kind === "vit" ? encodeVit(own, image, encoder, scores) : encodeTinyVit(own, image, encoder),
  );
}
