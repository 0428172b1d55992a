import type { AnnotationFormat } from "./format.ts";
import { openYolo } from "./yolo-read.ts";
import { createYolo } from "./yolo-write.ts";

/**
 * Ultralytics' data set for segmentation: `data.yaml`, `images/SPLIT/ID.jpg` and `labels/SPLIT/ID.txt` with a line `class x y x y …` for each
 * object, in shares of the picture's sides. A line holds one outline: objects of several parts or with holes are joined by seams.
 *
 * @see ultralytics, `data/utils.py` (`check_det_dataset`, `img2label_paths`, `verify_image_label`)
 */
export const yoloSeg: AnnotationFormat = {
  output: "folder",
  holds: {
    objects: true,
    overlaps: true,
    layers: false,
    ignore: false,
    crowds: false,
    splits: true,
    categoryIds: false,
  },
  photos: "wanted",
  open: openYolo,
  create: createYolo,
};
