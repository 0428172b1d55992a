import { statSync } from "node:fs";
import { join } from "node:path";
import { readJsonFile } from "../json-file.ts";
import { panopticSource } from "./coco-panoptic-read.ts";
import { createPanoptic } from "./coco-panoptic-write.ts";
import type { AnnotationFormat } from "./format.ts";

/**
 * COCO's panoptic form: a JSON file, and beside it a folder of the same name with a PNG for each picture, whose color is the
 * number of its segment (R + 256 G + 65,536 B); 0 is no segment. The input is the JSON file, or a folder with one called
 * `panoptic.json`, which is what is written.
 *
 * @see panopticapi, `utils.py` (`rgb2id`) and `evaluation.py` (folder beside the file)
 */
export const cocoPanoptic: AnnotationFormat = {
  output: "folder",
  holds: {
    objects: true,
    overlaps: false,
    layers: false,
    ignore: false,
    crowds: true,
    splits: false,
    categoryIds: true,
  },
  photos: "none",
  async open(path, { classes }) {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    const file = isFolder ? join(path, "panoptic.json") : path;
    return panopticSource(await readJsonFile(file), file, classes?.classes);
  },
  create: createPanoptic,
};
