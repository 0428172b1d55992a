import type { Cam } from "../../core/class-maps.ts";
import { invalid } from "../../core/error.ts";
import { BACKGROUND, type LabelMap } from "../../core/label-map.ts";

/** How the background competes with the classes' scores, which lie in [0, 1]. */
export type CamBackground =
  /** (1 − the highest score)^power: no threshold to tune per image. */
  | { readonly kind: "power"; readonly power: number }
  /** One constant score. */
  | { readonly kind: "threshold"; readonly threshold: number };

/**
 * The label map of an initial CAM: per class, negative activations count as 0 and the rest is scaled
 * to [0, 1] over the picture (min-max); the background gets its score; the highest score labels the pixel.
 *
 * Ties: background first, then the class listed first.
 *
 * @param cam  [P, H, W] with its class ids
 * @see the background score (1 − max)^power of Ahn and Kwak 2018 (PSA), as in FMA-WSSS (arXiv 2312.03585), and the
 *      constant one of Ahn et al. 2019 (IRN)
 */
export function labelsFromCam(cam: Cam, background: CamBackground): LabelMap {
  checkBackground(background);
  const { height, width, classes, data } = cam;
  const pixelCount = height * width;
  const best = new Float32Array(pixelCount);
  const winner = new Uint8Array(pixelCount);
  for (let c = 0; c < classes.length; c++) {
    const { low, scale } = range(data, c * pixelCount, (c + 1) * pixelCount);
    for (let p = 0, q = c * pixelCount; p < pixelCount; p++, q++) {
      const score = Math.fround((Math.max(data[q], 0) - low) * scale);
      if (score > best[p]) {
        best[p] = score;
        winner[p] = classes[c];
      }
    }
  }
  for (let p = 0; p < pixelCount; p++) {
    const score = background.kind === "power" ? (1 - best[p]) ** background.power : background.threshold;
    if (score >= best[p]) winner[p] = BACKGROUND;
  }
  return { height, width, data: winner };
}

/** Minimum of the clamped values and 1 / (maximum − minimum); a flat map scales to 0. */
function range(data: Float32Array, start: number, end: number): { low: number; scale: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (let q = start; q < end; q++) {
    const value = Math.max(data[q], 0);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, scale: high > low ? 1 / (high - low) : 0 };
}

function checkBackground(background: CamBackground): void {
  if (background.kind === "power") {
    if (!(background.power > 0)) throw invalid("background power", "a number above 0", background.power);
  } else if (!(background.threshold >= 0 && background.threshold <= 1)) {
    throw invalid("background threshold", "a number from 0 to 1", background.threshold);
  }
}
