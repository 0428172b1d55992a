import { badFormat } from "../core/error.ts";
import { type Box, boxToCoco } from "../core/geometry.ts";
import { BACKGROUND, IGNORE, type LabelMap } from "../core/label-map.ts";
import { maskToPolygons } from "../core/polygon.ts";
import { decodeRle, labelMapToRles, type Rle, rleArea, rleBox } from "../core/rle.ts";
import { encodeRleString } from "../core/rle-string.ts";

/** COCO instance JSON as we write it: keys in alphabetical order, ids counted from 1. */
export interface CocoJson {
  readonly annotations: readonly CocoAnnotationJson[];
  readonly categories: readonly { readonly id: number; readonly name: string }[];
  readonly images: readonly {
    readonly file_name: string;
    readonly height: number;
    readonly id: number;
    readonly width: number;
  }[];
}

export interface CocoAnnotationJson {
  readonly area: number;
  /** x, y, width, height in pixels. */
  readonly bbox: readonly number[];
  readonly category_id: number;
  readonly id: number;
  readonly image_id: number;
  readonly iscrowd: 0;
  /** How good the mask is thought to be, where something has judged it. */
  readonly score?: number;
  readonly segmentation: CocoRleJson | readonly (readonly number[])[];
}

export interface CocoRleJson {
  readonly counts: string;
  readonly size: readonly [height: number, width: number];
}

export interface LabeledFile {
  /** Path of the image in the image folder: becomes `file_name`. */
  readonly file: string;
  readonly labels: LabelMap;
}

export interface LabelMapsToCocoOptions {
  readonly segmentation?: "rle" | "polygons";
  /** The category id of each class id; by default a class id is its own category id. */
  readonly categoryIds?: readonly number[];
}

/**
 * COCO JSON of label maps: one annotation for each class in a picture, since a label map does not tell instances
 * apart. Pictures keep their order, classes ascend. Both forms of segmentation are exact; ignore pixels have no
 * place in COCO and read back as background.
 *
 * @param pictures may be made one at a time: only their run lengths are kept
 * @param classes  index = class id; becomes `categories`, without the background
 * @throws MaskwrightError BAD_FORMAT for a pixel whose class id is not in the list
 */
export async function labelMapsToCoco(
  pictures: Iterable<LabeledFile> | AsyncIterable<LabeledFile>,
  classes: readonly string[],
  options: LabelMapsToCocoOptions = {},
): Promise<CocoJson> {
  const { segmentation = "rle", categoryIds = classes.map((_, classId) => classId) } = options;
  const images: CocoJson["images"][number][] = [];
  const annotations: CocoAnnotationJson[] = [];
  for await (const { file, labels } of pictures) {
    const { height, width } = labels;
    images.push({ file_name: file, height, id: images.length + 1, width });
    for (const [classId, rle] of labelMapToRles(labels)) {
      if (classId === BACKGROUND || classId === IGNORE) continue;
      if (classId >= classes.length) {
        throw badFormat(
          file,
          `class ids 0..${classes.length - 1} and ${IGNORE}`,
          `${classId}`,
          "Check the class list.",
        );
      }
      annotations.push({
        area: rleArea(rle),
        bbox: cocoBoxJson(rleBox(rle)),
        category_id: categoryIds[classId],
        id: annotations.length + 1,
        image_id: images.length,
        iscrowd: 0,
        segmentation: segmentation === "rle" ? toRleJson(rle) : maskToPolygons(decodeRle(rle)),
      });
    }
  }
  const categories = classes.map((name, classId) => ({ id: categoryIds[classId], name })).slice(1);
  return { annotations, categories, images };
}

/** COCO has four zeros for the box of nothing. */
export function cocoBoxJson(box: Box | null): readonly number[] {
  return box === null ? [0, 0, 0, 0] : boxToCoco(box);
}

export function toRleJson(rle: Rle): CocoRleJson {
  return { counts: encodeRleString(rle), size: [rle.height, rle.width] };
}
