import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { badFormat } from "../../core/error.ts";
import { formatSize, isSameSize } from "../../core/geometry.ts";
import { IGNORE, type LabelMap, vocPalette } from "../../core/label-map.ts";
import { idsToRles, paintRle, type Rle } from "../../core/rle.ts";
import { type ClassList, classList } from "../class-list.ts";
import { readIdList } from "../id-list.ts";
import { decodeText } from "../json-file.ts";
import { encodeLabelMap } from "../label-file.ts";
import { readFileBytes, readFolder } from "../paths.ts";
import { collectProblems, quote } from "../problems.ts";
import { readColoredMap } from "./colored-map.ts";
import type { AnnotationFormat, CreateOptions } from "./format.ts";
import { labeledPicture } from "./labels.ts";
import { toLabelMap } from "./overlap.ts";
import { photoExtension, placePhoto } from "./photos.ts";
import { type AnnotatedPicture, type Annotation, type AnnotationTarget, bare } from "./picture.ts";
import { byId, listIn } from "./split-folders.ts";

/** Names and colors of the classes by id, as CVAT and Datumaro write them beside VOC's folders: `name:r,g,b::`. */
const LABEL_MAP = "labelmap.txt";
const LISTS = "ImageSets/Segmentation";
/** 255 is void. */
const MAX_OBJECTS = 254;

/**
 * VOC's folders for segmentation: `SegmentationClass/ID.png` with classes, `SegmentationObject/ID.png` with objects,
 * `ImageSets/Segmentation/SPLIT.txt`, `JPEGImages/ID.jpg`, and `labelmap.txt` with names and colors. Without that file and
 * without a list the classes are VOC's own twenty. Colored PNGs, as CVAT exports them, are read by the colors in it.
 */
export const voc: AnnotationFormat = {
  output: "folder",
  holds: {
    objects: true,
    overlaps: false,
    layers: false,
    ignore: true,
    crowds: false,
    splits: true,
    categoryIds: false,
  },
  photos: "wanted",
  async open(path, { classes }) {
    const own = await readLabels(path);
    const list = classes ?? own;
    const splitOf = await readSplits(path);
    const files = byId(
      listIn(join(path, "SegmentationClass"), [".png"]).map((file) => ({
        ...file,
        split: splitOf.get(file.id) ?? null,
      })),
      join(path, "SegmentationClass"),
    );
    const objects = new Map(
      listIn(join(path, "SegmentationObject"), [".png"]).map((file) => [file.id, file.path]),
    );
    const photos = new Map(listIn(join(path, "JPEGImages")).map((file) => [file.id, file.path]));
    return {
      classes: list.classes,
      isNumbered: false,
      ...(list.palette !== undefined && { palette: list.palette }),
      ids: files.map(({ id }) => id),
      splits: [...new Set(splitOf.values())].sort(),
      isLayered: false,
      hasObjects: objects.size > 0,
      read(n) {
        const { id, split, path: file } = files[n];
        const photo = photos.get(id);
        const colors = own.palette ?? vocPalette();
        const labels = labeledPicture(
          readColoredMap(file, colors, own.classes.length),
          id,
          list.classes,
          file,
        );
        const objectFile = objects.get(id);
        const picture =
          objectFile === undefined
            ? labels
            : withObjects(labels, readColoredMap(objectFile, vocPalette(), 255), objectFile);
        return { ...picture, split, photo: photo === undefined ? null : { path: photo } };
      },
    };
  },
  create: createVoc,
};

/** The region of each class cut into objects; what lies in none stays together. */
function withObjects(picture: AnnotatedPicture, objects: LabelMap, where: string): AnnotatedPicture {
  if (!isSameSize(picture, objects)) throw badFormat(where, formatSize(picture), formatSize(objects));
  const labels = toLabelMap(picture, true);
  const places = new Map<number, number>();
  const ids = new Int32Array(labels.data.length);
  for (let p = 0; p < ids.length; p++) {
    const classId = labels.data[p];
    if (classId === 0 || classId === IGNORE) continue;
    // An object of two classes, which VOC does not have, is two annotations.
    const object = objects.data[p] === IGNORE ? 0 : objects.data[p];
    const key = (object << 8) | classId;
    let place = places.get(key);
    if (place === undefined) {
      place = places.size + 1;
      places.set(key, place);
    }
    ids[p] = place;
  }
  const rles = idsToRles(ids, picture, places.size + 1);
  const keys = [...places].sort(([a], [b]) => a - b);
  const annotations = keys.map(
    ([key, place]): Annotation => ({ classId: key & 255, rle: rles[place] as Rle, isCrowd: false }),
  );
  return { ...bare(picture, picture.id), annotations, ignore: picture.ignore };
}

async function readLabels(path: string): Promise<ClassList> {
  const file = join(path, LABEL_MAP);
  if (!existsSync(file)) return classList("voc");
  const problems = collectProblems(file);
  const classes: string[] = [];
  const palette = vocPalette();
  for (const [n, line] of decodeText(readFileBytes(file), file).split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const match = /^(.+):(?:(\d+),(\d+),(\d+))?:[^:]*:[^:]*$/.exec(line.trim());
    const color = match?.slice(2, 5).map(Number) ?? [];
    if (match === null || color.some((value) => value > 255) || classes.length >= IGNORE)
      problems.add(`line ${n + 1}`, "name:r,g,b:parts:actions, for at most 255 classes", quote(line));
    else {
      if (match[2] !== undefined) palette.set(color, classes.length * 3);
      classes.push(match[1]);
    }
  }
  if (classes[0] !== "background") problems.add("line 1", "the background first", quote(classes[0]));
  problems.throwIfAny();
  return { name: "labelmap", classes, palette };
}

/** The split of each picture; one that is in several lists is in the first by name, "trainval" last. */
async function readSplits(path: string): Promise<Map<string, string>> {
  const splitOf = new Map<string, string>();
  const folder = join(path, LISTS);
  if (!existsSync(folder)) return splitOf;
  const lists = readFolder(folder)
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".txt") && !name.startsWith("."));
  lists.sort((a, b) => Number(a === "trainval.txt") - Number(b === "trainval.txt") || (a < b ? -1 : 1));
  for (const name of lists)
    for (const id of await readIdList(join(folder, name)))
      if (!splitOf.has(id)) splitOf.set(id, name.slice(0, -".txt".length));
  return splitOf;
}

function createVoc(path: string, { palette, hasObjects, photos }: CreateOptions): AnnotationTarget {
  const put = (folder: string, id: string, bytes: Uint8Array): void => {
    const file = join(path, folder, `${id}.png`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  };
  mkdirSync(join(path, LISTS), { recursive: true });
  return {
    write(picture) {
      const { id, split, photo } = picture;
      put("SegmentationClass", id, encodeLabelMap(toLabelMap(picture, true), palette));
      if (hasObjects) put("SegmentationObject", id, encodeLabelMap(toObjectMap(picture)));
      const name = split ?? "train";
      writeFileSync(join(path, LISTS, `${name}.txt`), `${id}\n`, { flag: "a" });
      if (photo !== null)
        placePhoto(photo, join(path, "JPEGImages", `${id}${photoExtension(picture)}`), photos);
    },
    finish(classes) {
      const colors = palette ?? vocPalette();
      const lines = classes.map((name, k) => `${name}:${[...colors.subarray(k * 3, k * 3 + 3)]}::`);
      writeFileSync(join(path, LABEL_MAP), ["# label:color_rgb:parts:actions", ...lines, ""].join("\n"));
      const [training, validation] = ["train", "val"].map((name) => join(path, LISTS, `${name}.txt`));
      if (existsSync(training) && existsSync(validation)) {
        const both = Buffer.concat([readFileSync(training), readFileSync(validation)]);
        writeFileSync(join(path, LISTS, "trainval.txt"), both);
      }
    },
  };
}

function toObjectMap({ id, height, width, annotations, ignore }: AnnotatedPicture): LabelMap {
  if (annotations.length > MAX_OBJECTS) {
    const hint = "A PNG of VOC numbers them by 8 bits: choose a format like coco-panoptic.";
    throw badFormat(`voc: ${id}`, `at most ${MAX_OBJECTS} objects`, String(annotations.length), hint);
  }
  const data = new Uint8Array(height * width);
  for (const [k, { rle }] of annotations.entries()) paintRle(data, rle, k + 1);
  if (ignore !== null) paintRle(data, ignore, IGNORE);
  return { height, width, data };
}
