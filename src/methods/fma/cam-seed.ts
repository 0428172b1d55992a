import type { ClassMaps, Scores } from "../../core/class-maps.ts";
import type { Size } from "../../core/geometry.ts";
import { interpolate } from "../../core/interpolate.ts";
import { BACKGROUND, type LabelMap } from "../../core/label-map.ts";
import { checkSize } from "../../core/limits.ts";
import {
  checkBackground,
  type Decision,
  decide,
  type SeedBackground,
  scaleRows,
  softmaxColumns,
} from "./scores.ts";

/** How activations become scores in [0, 1]. */
export type PixelScoring =
  /** Clamp and min-max over the pixels of the picture (published), or over the map's own grid before it is stretched. */
  | { readonly kind: "min-max"; readonly over: "picture" | "grid" }
  /** The maps are scores already. */
  | { readonly kind: "none" }
  /** softmax(gamma · activation) over the classes. */
  | { readonly kind: "softmax"; readonly gamma: number };

export interface SeedFromCamOptions {
  readonly background: SeedBackground;
  /** @default min-max over the picture */
  readonly scoring?: PixelScoring;
}

/**
 * A seed straight from the map, without masks: what a CAM is worth alone. The map is stretched to the picture, scaled
 * class by class and decided pixel by pixel. Ties: background first, then the class listed first. No classes: all
 * background.
 *
 * @param cam  [P, h, w] on any grid
 * @see FMA-WSSS, `libs/seeding/seed_argmax.py`; backgrounds of power 1 to 10 score its stages there
 */
export function seedFromCam(
  cam: ClassMaps<"cam" | "score" | "prob">,
  size: Size,
  options: SeedFromCamOptions,
): LabelMap {
  const { height, width } = size;
  const { labels } = decidePixels(cam, size, options);
  return { height, width, data: labels };
}

/**
 * The scores that `seedFromCam` compares at each pixel, the background's first: what a CRF refines.
 *
 * @returns [1 + P, H, W]
 */
export function scoreCam(
  cam: ClassMaps<"cam" | "score" | "prob">,
  size: Size,
  options: SeedFromCamOptions,
): Scores {
  const { height, width } = size;
  const { scores } = decidePixels(cam, size, options);
  const classes = options.background.kind === "given" ? cam.classes : [BACKGROUND, ...cam.classes];
  return { kind: "score", classes, height, width, data: scores };
}

function decidePixels(
  cam: ClassMaps<"cam" | "score" | "prob">,
  size: Size,
  { background, scoring = { kind: "min-max", over: "picture" } }: SeedFromCamOptions,
): Pick<Decision, "labels" | "scores"> {
  const pixelCount = size.height * size.width;
  checkSize("seedFromCam: size", size);
  checkBackground("seedFromCam: background", background);
  const { classes } = cam;
  if (classes.length === 0)
    return {
      labels: new Uint8Array(pixelCount).fill(BACKGROUND),
      scores: new Float32Array(pixelCount).fill(1),
    };
  const isGridFirst = scoring.kind === "min-max" && scoring.over === "grid";
  const data = isGridFirst ? cam.data.slice() : cam.data;
  if (isGridFirst) scaleRows(data, cam.height * cam.width);
  const shape = [classes.length, cam.height, cam.width];
  const scores = interpolate({ dtype: "float32", shape, data }, size, "bilinear").data;
  if (scoring.kind === "softmax") softmaxColumns(scores, pixelCount, scoring.gamma);
  else if (scoring.kind === "min-max" && !isGridFirst) scaleRows(scores, pixelCount);
  return decide(scores, classes, background);
}
