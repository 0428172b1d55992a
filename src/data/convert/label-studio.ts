import type { AnnotationFormat } from "./format.ts";
import { openLabelStudio } from "./label-studio-read.ts";
import { createLabelStudio } from "./label-studio-write.ts";

/**
 * Label Studio's tasks: brush masks, polygons and rectangles. The input is an export (JSON, not JSON-MIN) or a folder with `tasks.json`, which
 * is what is written beside `label-config.xml`, the labeling interface for it. Of several annotations of a task the last one that was
 * not canceled counts; without any, the first prediction. A task is read at a time.
 *
 * @see Label Studio's task format; label-studio-converter, `brush.py`
 */
export const labelStudio: AnnotationFormat = {
  output: "folder",
  holds: {
    objects: true,
    overlaps: true,
    layers: true,
    ignore: false,
    crowds: false,
    splits: false,
    categoryIds: false,
  },
  photos: "none",
  open: openLabelStudio,
  create: createLabelStudio,
};
