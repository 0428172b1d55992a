import { elementCount, type NdArray } from "./array.ts";
import { invalid } from "./error.ts";
import type { Size } from "./geometry.ts";
import { checkSize } from "./limits.ts";
import {
  type AxisWeights,
  antialiasWeights,
  cubic,
  pickWeights,
  pointWeights,
  resampleFloats,
  triangle,
} from "./resample.ts";

export type InterpolationMode = "nearest" | "bilinear" | "bilinear-antialias" | "bicubic";

/**
 * The last two axes of a float array at another size, as PyTorch's `F.interpolate` with align_corners=False;
 * "bilinear" is OpenCV's INTER_LINEAR too. Logits, CAMs and features go here; pictures go to `resizeImage`.
 *
 * Differs: sums are float64 and the passes are separate, so the last float32 bit may differ.
 *
 * @param input  [..., H, W]
 * @returns      [..., size.height, size.width], a new array
 * @throws MaskwrightError INVALID_ARGUMENT with fewer than two axes, BAD_FORMAT for a size that is none
 */
export function interpolate(
  input: NdArray<"float32">,
  size: Size,
  mode: InterpolationMode,
): NdArray<"float32"> {
  const { shape } = input;
  if (shape.length < 2) throw invalid("interpolate: input", "a shape [..., H, W]", shape);
  const leading = shape.slice(0, -2);
  const [height, width] = shape.slice(-2);
  checkSize("interpolate: input", { height, width });
  checkSize("interpolate: size", size);
  const planes = elementCount(leading);
  let { data } = input;
  if (size.width !== width)
    data = resampleFloats(data, planes * height, width, 1, modeWeights(width, size.width, mode));
  if (size.height !== height)
    data = resampleFloats(data, planes, height, size.width, modeWeights(height, size.height, mode));
  return {
    dtype: "float32",
    shape: [...leading, size.height, size.width],
    data: data === input.data ? data.slice() : data,
  };
}

function modeWeights(length: number, newLength: number, mode: InterpolationMode): AxisWeights {
  // PyTorch rounds the scale to float32; coordinates far from the origin show it in the sixth digit.
  const scale = Math.fround(length / newLength);
  switch (mode) {
    case "nearest":
      return pickWeights(nearestSources(length, newLength, scale));
    case "bilinear":
      return pointWeights(length, newLength, scale, triangle);
    case "bilinear-antialias":
      return antialiasWeights(length, newLength, scale, triangle);
    case "bicubic":
      return pointWeights(length, newLength, scale, cubic(-0.75));
    default:
      return mode satisfies never;
  }
}

/** The pixel that holds the upper left corner of each output, where Pillow takes the one that holds its middle. */
function nearestSources(length: number, newLength: number, scale: number): Int32Array {
  const sources = new Int32Array(newLength);
  for (let i = 0; i < newLength; i++) sources[i] = Math.min(Math.fround(i * scale), length - 1);
  return sources;
}
