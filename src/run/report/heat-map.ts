import type { ClassMaps } from "../../core/class-maps.ts";
import type { RgbImage } from "../../core/image.ts";
import { interpolate } from "../../core/interpolate.ts";
import { scaleRows } from "../../methods/fma/scores.ts";

/** Share of the class's color where its score is 1: the photo stays to be seen. */
const STRONGEST = 0.85;

/**
 * A CAM laid over a photo: each pixel has the color of its strongest class, the more so the higher that class's score, which is the map
 * clamped at 0 and scaled to 1. Nothing is decided: a background has no part in it.
 *
 * @param maps     on any grid
 * @param palette  256 × RGB by class id
 */
export function overlayCam(
  image: RgbImage,
  { classes, height, width, data: maps }: ClassMaps<"cam" | "score">,
  palette: Uint8Array,
): RgbImage {
  const data = Uint8Array.from(image.data);
  if (classes.length === 0) return { ...image, data };
  const shape = [classes.length, height, width];
  const scores = interpolate({ dtype: "float32", shape, data: maps }, image, "bilinear").data;
  const pixelCount = image.height * image.width;
  scaleRows(scores, pixelCount);
  for (let p = 0; p < pixelCount; p++) {
    let best = 0;
    for (let c = 1; c < classes.length; c++)
      if (scores[c * pixelCount + p] > scores[best * pixelCount + p]) best = c;
    const share = STRONGEST * scores[best * pixelCount + p];
    const color = 3 * classes[best];
    for (let k = 0; k < 3; k++)
      data[3 * p + k] = Math.round((1 - share) * data[3 * p + k] + share * palette[color + k]);
  }
  return { ...image, data };
}
