import type { Probs } from "../../core/class-maps.ts";
import { type CrfOptions, refineByCrf } from "../../core/crf.ts";
import { cropImage } from "../../core/crop.ts";
import type { Box, Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { boxesOf } from "./inference-boxes.ts";
import { type ScoreField, toProbs } from "./inference-scores.ts";

/** Probabilities around a box that a CRF has refined. */
export interface RefinedPart {
  readonly box: Box;
  /** What `probs` are of: the box and what lies around it. */
  readonly around: Box;
  readonly probs: Probs;
}

/**
 * What a dense CRF makes of a picture's scores, box by box. A picture of no more than `side`² pixels is one box, and so refined exactly; boxes
 * of a larger one are refined with what lies around them, twice as far as the CRF's distance for colors, but at most a quarter of the side.
 *
 * @param side  of the boxes with what lies around them
 */
export async function* refineInParts(
  image: RgbImage,
  scores: ScoreField,
  crf: CrfOptions,
  side: number,
): AsyncGenerator<RefinedPart> {
  const { height, width } = image;
  const margin = Math.min(Math.ceil(2 * crf.appearance.distance), side >> 2);
  const whole = { y0: 0, y1: height, x0: 0, x1: width };
  for (const box of height * width <= side * side ? [whole] : boxesOf(image, side - 2 * margin)) {
    const around = growBox(box, margin, image);
    const probs = refineByCrf(cropImage(image, around), toProbs(await scores.read(around)), crf);
    yield { box, around, probs };
  }
}

/** The side for a number of classes: 2²⁵ scores, but between 512² and 2048² pixels. A CRF makes five copies of them. */
export function crfSide(channels: number): number {
  return Math.min(Math.max(Math.floor(Math.sqrt(2 ** 25 / channels)), 512), 2048);
}

function growBox({ y0, y1, x0, x1 }: Box, margin: number, { height, width }: Size): Box {
  return {
    y0: Math.max(0, y0 - margin),
    y1: Math.min(height, y1 + margin),
    x0: Math.max(0, x0 - margin),
    x1: Math.min(width, x1 + margin),
  };
}
