import { openCvat } from "./cvat-read.ts";
import { createCvat } from "./cvat-write.ts";
import type { AnnotationFormat } from "./format.ts";

/**
 * CVAT's own XML, "CVAT for images 1.1": polygons, masks and boxes. Shapes of one label and group are parts of one object. An image is read
 * at a time, whatever the size of the file.
 *
 * @see CVAT, `dataset_manager/formats/cvat.py` (`dump_as_cvat_annotation`): a mask is the run lengths, row by row and zeros first, of its box
 */
export const cvat: AnnotationFormat = {
  output: "file",
  holds: {
    objects: true,
    overlaps: true,
    layers: true,
    ignore: false,
    crowds: false,
    splits: true,
    categoryIds: false,
  },
  photos: "none",
  open: async (path, { classes }) => openCvat(path, classes),
  create: createCvat,
};
