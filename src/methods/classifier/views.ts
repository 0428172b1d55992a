import type { NdArray } from "../../core/array.ts";
import type { Cam } from "../../core/class-maps.ts";
import type { Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { interpolate } from "../../core/interpolate.ts";
import type { ClassId } from "../../core/label-map.ts";
import { mirrorRows } from "../../core/mirror.ts";
import type { FeatureExtractor } from "../../models/mobilenet/mobilenet.ts";
import { classifierCam } from "./cam.ts";
import type { TagHead } from "./tag-head.ts";

/** One look of the classifier at a picture. */
export interface View {
  /** [F, h, w] */
  readonly features: NdArray<"float32">;
  readonly isMirrored: boolean;
}

/** Sides of pictures are brought to multiples of it, so that few networks are compiled. */
const SIDE_STEP = 32;

/**
 * A picture as the classifier sees it at several sizes, as it is and mirrored. CAMs that are averaged over such views are less bound to single
 * positions of the grid.
 *
 * @param sides  of the longer side, px
 */
export async function viewPicture(
  extractor: FeatureExtractor,
  image: RgbImage,
  sides: readonly number[] = [320, 448],
): Promise<View[]> {
  const mirrored = { ...image, data: mirrorRows(image.data, image.width, 3) };
  const views: View[] = [];
  for (const side of sides) {
    const size = sizeAt(image, side);
    views.push({ features: await extractor.extract(image, size), isMirrored: false });
    views.push({ features: await extractor.extract(mirrored, size), isMirrored: true });
  }
  return views;
}

/** The mean of the views' CAMs on the largest view's grid; [P, h, w] in the order of `classes`. */
export function viewCam(views: readonly View[], head: TagHead, classes: readonly ClassId[]): Cam {
  const [height, width] = [1, 2].map((axis) =>
    Math.max(...views.map(({ features }) => features.shape[axis])),
  );
  const mean = new Float32Array(classes.length * height * width);
  for (const { features, isMirrored } of views) {
    const cam = classifierCam(features, head, classes);
    const data = isMirrored ? mirrorRows(cam.data, cam.width, 1) : cam.data;
    const maps: NdArray<"float32"> = {
      dtype: "float32",
      shape: [classes.length, cam.height, cam.width],
      data,
    };
    const stretched = interpolate(maps, { height, width }, "bilinear").data;
    for (let at = 0; at < mean.length; at++) mean[at] += stretched[at] / views.length;
  }
  return { kind: "cam", classes, height, width, data: mean };
}

function sizeAt({ height, width }: Size, side: number): Size {
  const scale = side / Math.max(height, width);
  const round = (length: number): number => Math.max(1, Math.round((length * scale) / SIDE_STEP)) * SIDE_STEP;
  return { height: round(height), width: round(width) };
}
