import { invalid } from "./error.ts";
import type { RgbImage } from "./image.ts";

/** How colors change; 1 leaves them as they are. */
export interface ColorChange {
  /** Factor on all levels. */
  readonly brightness?: number;
  /** Factor on the distance from the picture's mean gray. */
  readonly contrast?: number;
  /** Factor on the distance from the pixel's own gray. */
  readonly saturation?: number;
}

/** The picture in other colors: saturation first, then contrast, then brightness. Gray is Rec. 601's. */
export function recolor(
  { height, width, data }: RgbImage,
  { brightness = 1, contrast = 1, saturation = 1 }: ColorChange,
): RgbImage {
  for (const [name, factor] of Object.entries({ brightness, contrast, saturation }))
    if (!(factor >= 0 && factor < Number.POSITIVE_INFINITY))
      throw invalid(`recolor: ${name}`, "a number >= 0", factor);
  const grayOf = (p: number): number => 0.299 * data[p] + 0.587 * data[p + 1] + 0.114 * data[p + 2];
  let mean = 0;
  for (let p = 0; p < data.length; p += 3) mean += grayOf(p);
  mean /= height * width;
  const recolored = new Uint8ClampedArray(data.length);
  for (let p = 0; p < data.length; p += 3) {
    const gray = grayOf(p);
    for (let c = p; c < p + 3; c++) {
      const vivid = gray + saturation * (data[c] - gray);
      recolored[c] = brightness * (mean + contrast * (vivid - mean));
    }
  }
  return { height, width, data: recolored };
}
