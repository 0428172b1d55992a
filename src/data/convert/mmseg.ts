import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { badFormat } from "../../core/error.ts";
import { type ClassList, classList, isBackgroundName } from "../class-list.ts";
import { decodeText, readBytes } from "../json-file.ts";
import { encodeLabelMap, readLabelMap } from "../label-file.ts";
import { quote } from "../problems.ts";
import type { AnnotationFormat, CreateOptions } from "./format.ts";
import { labeledPicture, labelMapHolds, numberedClasses } from "./labels.ts";
import { toLabelMap } from "./overlap.ts";
import { photoExtension, placePhoto } from "./photos.ts";
import type { AnnotationTarget } from "./picture.ts";
import { listIn, listSplitFiles, splitNames } from "./split-folders.ts";

/** Class names by id, one a line: a value of `metainfo` that is a text is read as such a file. */
const CLASSES = "classes.txt";

/**
 * mmsegmentation's layout: `img_dir/SPLIT/ID.jpg`, `ann_dir/SPLIT/ID.png` and `classes.txt`.
 *
 * @see mmsegmentation, `mmseg/datasets/basesegdataset.py` (folders, suffixes, ignore index 255); mmengine,
 *      `dataset/base_dataset.py` (`_load_metainfo`)
 */
export const mmseg: AnnotationFormat = {
  output: "folder",
  holds: { ...labelMapHolds, splits: true },
  photos: "wanted",
  async open(path, { classes }) {
    const files = listSplitFiles(join(path, "ann_dir"), [".png"]);
    const splits = splitNames(files);
    const images = join(path, "img_dir");
    const folders = splits.length === 0 ? [images] : splits.map((split) => join(images, split));
    const photos = new Map(folders.flatMap((folder) => listIn(folder)).map((file) => [file.id, file.path]));
    const names = join(path, CLASSES);
    const own = classes ?? (existsSync(names) ? await readNames(names) : null);
    const list = own?.classes ?? numberedClasses;
    return {
      classes: list,
      isNumbered: own === null,
      ids: files.map(({ id }) => id),
      splits,
      isLayered: true,
      hasObjects: false,
      read(n) {
        const { id, split, path: file } = files[n];
        const photo = photos.get(id);
        const picture = labeledPicture(readLabelMap(file), id, list, file);
        return { ...picture, split, photo: photo === undefined ? null : { path: photo } };
      },
    };
  },
  create: createMmseg,
};

/** The list, whose first name has to be the background's: a list of ours may leave it out, one of mmsegmentation's numbers from 0. */
async function readNames(path: string): Promise<ClassList> {
  const [first] = decodeText(await readBytes(path, 2 ** 20), path).split("\n");
  if (!isBackgroundName(first.trim())) {
    const hint =
      "Class 0 is the background here: renumber the classes, or give --classes with the background first.";
    throw badFormat(`${path}: line 1`, "the background", quote(first.trim()), hint);
  }
  return classList(path);
}

function createMmseg(path: string, { palette, photos, warn }: CreateOptions): AnnotationTarget {
  mkdirSync(join(path, "ann_dir"), { recursive: true });
  const extensions = new Map<string, number>();
  return {
    write(picture) {
      const { id, split, photo } = picture;
      const file = join(path, "ann_dir", split ?? "train", `${id}.png`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, encodeLabelMap(toLabelMap(picture, true), palette));
      if (photo === null) return;
      const extension = photoExtension(picture);
      extensions.set(extension, (extensions.get(extension) ?? 0) + 1);
      placePhoto(photo, join(path, "img_dir", split ?? "train", `${id}${extension}`), photos);
    },
    finish(classes) {
      writeFileSync(join(path, CLASSES), `${classes.join("\n")}\n`);
      if (extensions.size < 2) return;
      const counts = [...extensions].map(([extension, count]) => `${count} ${extension}`).join(", ");
      warn(
        `mmsegmentation takes photos of one img_suffix, and here are several (${counts}): save them as one kind`,
      );
    },
  };
}
