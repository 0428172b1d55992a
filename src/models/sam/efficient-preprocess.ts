import type { RgbImage } from "../../core/image.ts";
import { checkSize } from "../../core/limits.ts";
import { type AxisWeights, pointWeights, resampleFloats, triangle } from "../../core/resample.ts";
import type { EncoderInput } from "./preprocess.ts";

/** Mean and standard deviation of red, green and blue, black 0 and white 1. */
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

/**
 * The picture stretched to S × S, whatever its shape, in units of the standard deviation around the mean. Bilinear without antialiasing:
 * shrinking mixes four pixels and skips the rest, as the original does. Sums are float64, so the last float32 bits differ from its.
 *
 * @see EfficientSAM, `efficient_sam.py`, `preprocess`
 */
export function stretchImage(image: RgbImage, side: number): EncoderInput {
  const { height, width, data } = image;
  checkSize("preprocess: image", image);
  const axis = (length: number): AxisWeights =>
    pointWeights(length, side, Math.fround(length / side), triangle);
  const wide = resampleFloats(Float32Array.from(data), height, width, 3, axis(width));
  const stretched = resampleFloats(wide, 1, height, side * 3, axis(height));
  const plane = side * side;
  const pixels = new Float32Array(3 * plane);
  for (let c = 0; c < 3; c++) {
    const factor = 1 / (255 * DEVIATION[c]);
    const shift = MEAN[c] / DEVIATION[c];
    for (let p = 0, from = c; p < plane; p++, from += 3)
      pixels[c * plane + p] = stretched[from] * factor - shift;
  }
  return {
    pixels: { dtype: "float32", shape: [1, 3, side, side], data: pixels },
    input: { height: side, width: side },
  };
}
