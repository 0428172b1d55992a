import type { Size } from "../core/geometry.ts";
import type { Proposal } from "../core/proposal.ts";
import { type CocoAnnotationJson, type CocoJson, cocoBoxJson, toRleJson } from "./coco-write.ts";

/** The objects of a picture and what they are. */
export interface ImageInstances extends Size {
  /** Path of the picture in the image folder: becomes `file_name`. */
  readonly file: string;
  /** COCO's number of the picture, where it has one; else they are counted from 1. */
  readonly imageId?: number;
  readonly objects: readonly Proposal[];
  /** Of each object. */
  readonly categoryIds: readonly number[];
}

/**
 * COCO instance JSON of objects, in pieces, so that a large set is never held whole: annotations are counted from 1, one a
 * line, with the mask's own area and box, and with its `score` where the quality is known. An object without a
 * pixel keeps its place, with a box of four zeros.
 */
export function* encodeInstances(
  pictures: Iterable<ImageInstances>,
  categories: CocoJson["categories"],
): Generator<string> {
  const images: string[] = [];
  let count = 0;
  yield '{"annotations":[';
  for (const { file, height, width, objects, categoryIds, imageId = images.length + 1 } of pictures) {
    images.push(JSON.stringify({ file_name: file, height, id: imageId, width }));
    for (const [k, { rle, area, box, predictedIou }] of objects.entries()) {
      const annotation: CocoAnnotationJson = {
        area,
        bbox: cocoBoxJson(box),
        category_id: categoryIds[k],
        id: ++count,
        image_id: imageId,
        iscrowd: 0,
        ...(Number.isNaN(predictedIou) ? {} : { score: predictedIou }),
        segmentation: toRleJson(rle),
      };
      yield `${count === 1 ? "" : ","}\n${JSON.stringify(annotation)}`;
    }
  }
  yield `\n],"categories":${JSON.stringify(categories)},"images":[\n${images.join(",\n")}\n]}\n`;
}
