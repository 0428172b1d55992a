import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { badFormat } from "../../core/error.ts";
import { BACKGROUND, IGNORE, type LabelMap } from "../../core/label-map.ts";
import { labelMapToRles } from "../../core/rle.ts";
import { encodeLabelMap, readLabelMap } from "../label-file.ts";
import { listPictures } from "../paths.ts";
import type { AnnotationFormat, Capabilities } from "./format.ts";
import { toLabelMap } from "./overlap.ts";
import { type AnnotatedPicture, bare } from "./picture.ts";

/** What a label map holds of a picture. */
export const labelMapHolds: Capabilities = {
  objects: false,
  overlaps: false,
  layers: false,
  ignore: true,
  crowds: false,
  splits: false,
  categoryIds: false,
};

/** As many classes as a label map can hold, for labels that come without names. */
export const numberedClasses: readonly string[] = Array.from({ length: IGNORE }, (_, id) =>
  id === BACKGROUND ? "background" : `class_${id}`,
);

/** A folder of label PNGs, with folders below it. */
export const labelFolder: AnnotationFormat = {
  output: "folder",
  holds: labelMapHolds,
  photos: "none",
  async open(path, { classes }) {
    const pictures = listPictures(path, { extensions: [".png"], recursive: true });
    const names = classes?.classes ?? numberedClasses;
    return {
      classes: names,
      isNumbered: classes === null,
      ids: pictures.map(({ id }) => id),
      splits: [],
      isLayered: true,
      hasObjects: false,
      read: (n) => labeledPicture(readLabelMap(pictures[n].path), pictures[n].id, names, pictures[n].path),
    };
  },
  create(path, { palette }) {
    mkdirSync(path);
    return {
      write(picture) {
        const file = join(path, `${picture.id}.png`);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, encodeLabelMap(toLabelMap(picture, true), palette));
      },
      finish: () => {},
    };
  },
};

/**
 * A label map as a picture with the region of each class.
 *
 * @param where  the file, for messages
 * @throws MaskwrightError BAD_FORMAT for a class id that has no name
 */
export function labeledPicture(
  labels: LabelMap,
  id: string,
  classes: readonly string[],
  where: string,
): AnnotatedPicture {
  const regions = labelMapToRles(labels);
  const ignore = regions.get(IGNORE) ?? null;
  regions.delete(IGNORE);
  regions.delete(BACKGROUND);
  for (const classId of regions.keys()) {
    if (classId < classes.length) continue;
    const expected = `class ids 0..${classes.length - 1} and ${IGNORE}`;
    throw badFormat(where, expected, String(classId), "Check --classes.");
  }
  const annotations = [...regions].map(([classId, rle]) => ({ classId, rle, isCrowd: false }));
  return { ...bare(labels, id), annotations, ignore };
}
