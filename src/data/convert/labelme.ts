import type { AnnotationFormat } from "./format.ts";
import { openLabelme } from "./labelme-read.ts";
import { createLabelme } from "./labelme-write.ts";

/**
 * LabelMe's JSON, a file for each picture: polygons, rectangles and masks. Shapes of one label and group are parts of one object; those called
 * `__ignore__` are pixels of class 255.
 *
 * @see labelme, `_label_file.py` (keys), `_utils/shape.py` (`shapes_to_label`: the last pixel of a mask's box is in it) and
 *      `examples/semantic_segmentation` (`labels.txt`)
 */
export const labelme: AnnotationFormat = {
  output: "folder",
  holds: {
    objects: true,
    overlaps: true,
    layers: true,
    ignore: true,
    crowds: false,
    splits: false,
    categoryIds: false,
  },
  photos: "wanted",
  open: openLabelme,
  create: createLabelme,
};
