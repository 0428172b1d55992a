import type { NdArray } from "../../core/array.ts";
import type { Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { resizeImage } from "../../core/resize.ts";

/** Mean and standard deviation of red, green and blue in 0 to 1. */
export const clipMeans: readonly number[] = [0.48145466, 0.4578275, 0.40821073];
export const clipDeviations: readonly number[] = [0.26862954, 0.26130258, 0.27577711];

/** A size with both sides rounded up to whole patches: that of the encoder's input for a picture, at one scale. */
export function patchedSize({ height, width }: Size, patch: number): Size {
  return { height: Math.ceil(height / patch) * patch, width: Math.ceil(width / patch) * patch };
}

/**
 * The picture stretched to whole patches by Pillow's bicubic filter, then normalised: the encoder's input.
 *
 * The sides are not stretched alike (500×375 becomes 512×384), as published.
 *
 * @returns  [1, 3, H, W]
 * @throws MaskwrightError BAD_FORMAT for a size over the limit
 * @see HAL-42/FMA-WSSS, "scale_align" at scale 1; CLIP-ES
 */
export function preprocessClipImage(image: RgbImage, patch: number): NdArray<"float32"> {
  return normalizeClipImage(resizeImage(image, patchedSize(image, patch), "bicubic"));
}

/**
 * Grey levels in units of the standard deviation around the mean; every float32 is torchvision's.
 *
 * @returns  [1, 3, H, W]
 * @see openai/CLIP, `clip.py`, `_transform`: `ToTensor`, `Normalize`
 */
export function normalizeClipImage({ height, width, data }: RgbImage): NdArray<"float32"> {
  const pixels = new Float32Array(3 * height * width);
  for (let c = 0, at = 0; c < 3; c++) {
    const levels = Float32Array.from({ length: 256 }, (_, level) => normalized(level, c));
    for (let from = c; from < data.length; from += 3) pixels[at++] = levels[data[from]];
  }
  return { dtype: "float32", shape: [1, 3, height, width], data: pixels };
}

function normalized(level: number, channel: number): number {
  const share = Math.fround(level / 255);
  return Math.fround(share - Math.fround(clipMeans[channel])) / Math.fround(clipDeviations[channel]);
}
