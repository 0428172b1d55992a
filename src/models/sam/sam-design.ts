import type { Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { longestSideSize } from "../../core/resize.ts";
import type { Tensor } from "../../engine/index.ts";
import { type EfficientSamConfig, filterLength, gridSide, type SamConfig } from "./config.ts";
import { efficientSamDesign } from "./efficient-sam.ts";
import type { FineMaps } from "./fine-maps.ts";
import { type EncodedImage, encodePicture } from "./image-encoder.ts";
import { type DecodedTokens, decodeTokens, prepareImage } from "./mask-decoder.ts";
import { drawMasks } from "./mask-drawing.ts";
import { type CoordinatePrecision, type EncoderInput, preprocess } from "./preprocess.ts";
import { type PlacedPoints, type Prompt, placePoints, type SamFrame } from "./prompt.ts";
import { encodeMask, encodeNoMask, encodePoints } from "./prompt-encoder.ts";
import { placesOfPixels } from "./prompt-places.ts";
import type { ImageSide } from "./transformer.ts";
import type { Weights } from "./weights.ts";

/** All in which the models behind `Sam` differ: what becomes of pictures and prompts, and the networks. */
export interface SamDesign {
  /** Channels of an embedding and length of a token. */
  readonly dim: number;
  /** Cells along a side of an embedding. */
  readonly grid: number;
  /** What an embedding has besides its features, by name. */
  readonly extra: readonly (keyof FineMaps)[];
  /** Length of a mask's filter. */
  readonly filterLength: number;
  /** A picture's size and what it is as the encoder sees it. */
  frameOf(original: Size): SamFrame;
  preprocess(image: RgbImage): EncoderInput;
  /** @throws MaskwrightError INVALID_ARGUMENT for a prompt that the model has no tokens for */
  placePoints(prompt: Prompt, frame: SamFrame, precision: CoordinatePrecision): PlacedPoints;
  /** @param pixels  [1, 3, S, S] */
  encodeImage(weights: Weights, pixels: Tensor): EncodedImage;
  /** @param mask  mask prompts [B, 1, 4g, 4g], or null */
  prepareImage(weights: Weights, features: Tensor, mask: Tensor | null): ImageSide;
  /** [N, 2] and [N] to [N, C] */
  encodePoints(weights: Weights, points: Tensor, kinds: Tensor): Tensor;
  decodeTokens(weights: Weights, side: ImageSide, sparse: Tensor): DecodedTokens;
  /** Whether masks are drawn with the prompt's tokens too. */
  readonly drawsPlaces: boolean;
  drawMasks(weights: Weights, image: Tensor, filters: Tensor, drawing: Drawing): Tensor;
}

/** What a mask is drawn with besides the image and its filter, by models that do. */
export interface Drawing {
  readonly fine?: FineMaps | undefined;
  /** [B, n, C] */
  readonly sparse?: Tensor | undefined;
}

export function designOf(config: SamConfig | EfficientSamConfig): SamDesign {
  return config.kind === "sam" ? samDesign(config) : efficientSamDesign(config);
}

function samDesign(config: SamConfig): SamDesign {
  const { dim, encoder } = config;
  return {
    dim,
    grid: gridSide(encoder),
    extra: encoder.kind === "hybrid" ? ["eighth", "quarter", "keys"] : [],
    filterLength: filterLength(config),
    drawsPlaces: config.decoder.placeDim !== undefined,
    frameOf: (original) => ({ original, input: longestSideSize(original, encoder.side) }),
    preprocess: (image) => preprocess(image, encoder.side),
    placePoints,
    encodeImage: (weights, pixels) => encodePicture(weights, pixels, config),
    prepareImage: (weights, features, mask) =>
      prepareImage(
        weights,
        features,
        mask === null ? encodeNoMask(weights) : encodeMask(weights, mask),
        config,
      ),
    encodePoints,
    decodeTokens: (weights, side, sparse) => decodeTokens(weights, side, sparse, config),
    drawMasks: (weights, image, filters, { fine, sparse }) => {
      const places = sparse && placesOfPixels(weights, sparse, config);
      return drawMasks(weights, image, filters, fine && { fine, places });
    },
  };
}
