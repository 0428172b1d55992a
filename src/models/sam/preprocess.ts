import type { NdArray } from "../../core/array.ts";
import type { Point, Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { longestSideSize, resizeImage } from "../../core/resize.ts";

/** Mean of red, green and blue, in grey levels. */
export const channelMeans: readonly number[] = [123.675, 116.28, 103.53];
/** Their standard deviations. */
const DEVIATION = [58.395, 57.12, 57.375];

/** A picture as the encoder takes it. */
export interface EncoderInput {
  /** [1, 3, S, S] */
  readonly pixels: NdArray<"float32">;
  /** The part that holds the picture, at the top left. */
  readonly input: Size;
}

/**
 * The picture with its longer side at S pixels, in units of the standard deviation around the mean, and zeros (so the mean color) below or
 * to the right of it. Every float32 is the original's.
 *
 * @see segment-anything, `utils/transforms.py`, `apply_image`; `modeling/sam.py`, `preprocess`
 */
export function preprocess(image: RgbImage, side: number): EncoderInput {
  const input = longestSideSize(image, side);
  return { pixels: padPixels(resizeImage(image, input, "bilinear"), side), input };
}

/** A picture of at most S pixels each way as `preprocess` gives it, at the size that it has. */
export function padPixels({ height, width, data }: RgbImage, side: number): NdArray<"float32"> {
  const pixels = new Float32Array(3 * side * side);
  for (let c = 0; c < 3; c++) {
    const levels = Float32Array.from({ length: 256 }, (_, v) => normalized(v, c));
    for (let i = 0; i < height; i++) {
      const row = (c * side + i) * side;
      for (let j = 0, from = i * width * 3 + c; j < width; j++, from += 3)
        pixels[row + j] = levels[data[from]];
    }
  }
  return { dtype: "float32", shape: [1, 3, side, side], data: pixels };
}

function normalized(level: number, channel: number): number {
  return Math.fround(level - Math.fround(channelMeans[channel])) / Math.fround(DEVIATION[channel]);
}

/** A point of the picture in the resized picture, in float64. */
export function scalePoint({ x, y }: Point, original: Size, input: Size): Point {
  return { x: x * (input.width / original.width), y: y * (input.height / original.height) };
}

/** float32 as `SamPredictor` computes, float64 as the automatic generator does: they differ in the last bit. */
export type CoordinatePrecision = "float32" | "float64";

/** A coordinate of the resized picture, counted in pixels, as the share of the side at which that pixel's center lies. */
export function shareOfSide(coordinate: number, side: number, precision: CoordinatePrecision): number {
  if (precision === "float64") return Math.fround((coordinate + 0.5) / side);
  return Math.fround(Math.fround(Math.fround(coordinate) + 0.5) / side);
}
