import type { Size } from "../core/geometry.ts";
import type { Proposal } from "../core/proposal.ts";
import { type CocoAnnotationJson, type CocoJson, cocoBoxJson, toRleJson } from "./coco-write.ts";

/** An object of a picture and what it is. */
export interface ImageInstance extends Pick<Proposal, "rle" | "area" | "box"> {
  readonly categoryId: number;
  /** How sure it is; null where that is not known. */
  readonly score: number | null;
}

/** The objects of a picture. */
export interface ImageInstances extends Size {
  /** Path of the picture in the image folder: becomes `file_name`. */
  readonly file: string;
  /** COCO's number of the picture, where it has one; else they are counted from 1. */
  readonly imageId?: number;
  readonly objects: readonly ImageInstance[];
}

/**
 * COCO instance JSON of objects, in pieces, so that a large set is never held whole: annotations are counted from 1, one a
 * line, with the mask's own area and box, and with its `score` where there is one. An object without a
 * pixel keeps its place, with a box of four zeros.
 */
export function* encodeInstances(
  pictures: Iterable<ImageInstances>,
  categories: CocoJson["categories"],
): Generator<string> {
  const images: string[] = [];
  let count = 0;
  yield '{"annotations":[';
  for (const { file, height, width, objects, imageId = images.length + 1 } of pictures) {
    images.push(JSON.stringify({ file_name: file, height, id: imageId, width }));
    for (const { rle, area, box, categoryId, score } of objects) {
      const annotation: CocoAnnotationJson = {
        area,
        bbox: cocoBoxJson(box),
        category_id: categoryId,
        id: ++count,
        image_id: imageId,
        iscrowd: 0,
        ...(score !== null && { score }),
        segmentation: toRleJson(rle),
      };
      yield `${count === 1 ? "" : ","}\n${JSON.stringify(annotation)}`;
    }
  }
  yield `\n],"categories":${JSON.stringify(categories)},"images":[\n${images.join(",\n")}\n]}\n`;
}
