import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { badFormat } from "../../core/error.ts";
import { boxFromDetr, type DetrBox, type Size } from "../../core/geometry.ts";
import type { ClassId } from "../../core/label-map.ts";
import { polygonToRle } from "../../core/polygon.ts";
import { parseDecimal } from "../decimal.ts";
import { decodeText, readBytes } from "../json-file.ts";
import { containedPath } from "../paths.ts";
import { photoSize } from "../photo.ts";
import { addIssues, collectProblems, quote } from "../problems.ts";
import type { AnnotationFormat, CreateOptions, OpenOptions } from "./format.ts";
import { matchClasses } from "./names.ts";
import { boxCorners, joinRings, outlinesInside } from "./outlines.ts";
import { photoExtension, placePhoto } from "./photos.ts";
import { type Annotation, type AnnotationTarget, bare } from "./picture.ts";
import { byId, listIn, type SplitFile, splitNames } from "./split-folders.ts";

const SETTINGS = "data.yaml";
const MAX_BYTES = 2 ** 26;
/** Coordinates are shares of the picture's sides: at 100,000 pixels the last digit is a two hundredth of one. */
const DIGITS = 7;
/** Ultralytics refuses a file with coordinates further outside. */
const OUTSIDE = 0.01;

const folders = z.union([z.string(), z.array(z.string())], "a folder, or a list of folders").nullish();
const shape = z.looseObject(
  {
    train: folders,
    val: folders,
    validation: folders,
    test: folders,
    names: z.union(
      [z.array(z.string()), z.record(z.string(), z.string())],
      "a list of names, or names by number",
    ),
  },
  "a mapping with train, val and names",
);

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

interface YoloFile extends SplitFile {
  /** Where the photo is: `path` is that of the labels, either of which may be missing. */
  readonly photo: string | null;
}

async function openYolo(root: string, { classes: list, photo: photoOf, sizeOf }: OpenOptions) {
  const { names, splits } = await readSettings(root);
  const { classes, classIds } = matchClasses(names, join(root, SETTINGS), list?.classes);
  const files = byId(
    splits.flatMap(({ split, folder }) => listSplit(root, split, folder)),
    root,
  ) as YoloFile[];
  return {
    classes,
    isNumbered: false,
    ids: files.map(({ id }) => id),
    splits: splitNames(files),
    isLayered: false,
    hasObjects: true,
    async read(n: number) {
      const { id, split, path, photo } = files[n];
      const ownPhoto = photo ?? photoOf(id);
      const size = ownPhoto === null ? await sizeOf(id) : await photoSize(ownPhoto);
      const annotations = existsSync(path) ? await readObjects(path, size, classIds) : [];
      return { ...bare(size, id), annotations, split, photo: photo === null ? null : { path: photo } };
    },
  };
}

async function readSettings(
  root: string,
): Promise<{ names: string[]; splits: { split: string; folder: string }[] }> {
  const path = join(root, SETTINGS);
  const document = parseDocument(decodeText(await readBytes(path, 2 ** 20), path));
  const problems = collectProblems(path);
  for (const { linePos, message } of document.errors)
    problems.add(`line ${linePos?.[0].line ?? 1}`, "YAML", quote(message.split("\n")[0]));
  problems.throwIfAny();
  const value = unfold(document, path);
  const parsed = shape.safeParse(value);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny();
  const { names, val, validation, ...rest } = parsed.data as z.infer<typeof shape>;
  // Other splits than Ultralytics' own three have, as we write them, a folder of their name.
  const isSplit = ([key, value]: [string, unknown]): boolean =>
    key === "train" || key === "test" || value === `images/${key}`;
  const given = [...Object.entries(rest).filter(isSplit), ["val", val ?? validation] as const];
  const splits = given.flatMap(([split, value]) =>
    [(value ?? []) as string | string[]]
      .flat()
      .map((folder) => ({ split, folder: folderOf(root, folder, split) })),
  );
  // A validation set that is the training set, as we write it when there is none, is no split.
  const unique = splits.filter(({ folder }, k) => splits.findIndex((other) => other.folder === folder) === k);
  return { names: orderedNames(names, path), splits: unique };
}

/** Aliases that unfold a hundred times over are refused: a kilobyte of them can fill the memory. */
function unfold(document: ReturnType<typeof parseDocument>, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw badFormat(path, "YAML of few aliases", (error as Error).message);
  }
}

/** A folder of photos by its path in the data set. As Ultralytics does, "../" before a folder that lies here is passed over. */
function folderOf(root: string, folder: string, split: string): string {
  const trimmed = posix.normalize(folder).replace(/\/+$/, "");
  const inside = trimmed.replace(/^\.\.\//, "");
  containedPath(root, inside, `${join(root, SETTINGS)}: ${split}`);
  if (inside.endsWith(".txt"))
    throw badFormat(`${join(root, SETTINGS)}: ${split}`, "a folder of photos", `a list: ${quote(folder)}`);
  return inside;
}

function orderedNames(names: string[] | Record<string, string>, path: string): string[] {
  if (Array.isArray(names)) return names;
  const count = Object.keys(names).length;
  return Array.from({ length: count }, (_, k) => {
    const name = names[String(k)];
    if (name === undefined) throw badFormat(`${path}: names`, `names for 0..${count - 1}`, `none for ${k}`);
    return name;
  });
}

/** The labels and photos of a split: labels lie in the folder whose path has "labels" for the last "images". */
function listSplit(root: string, split: string, folder: string): YoloFile[] {
  const parts = folder.split("/");
  const place = parts.lastIndexOf("images");
  const labelFolder = join(root, ...parts.map((part, k) => (k === place ? "labels" : part)));
  const photos = new Map(listIn(join(root, folder)).map(({ id, path }) => [id, path]));
  const labels = listIn(labelFolder, [".txt"]).map(({ id }) => id.replace(/\.txt$/i, ""));
  const ids = [...new Set([...photos.keys(), ...labels])];
  return ids.map((id) => ({
    id,
    split,
    path: join(labelFolder, `${id}.txt`),
    photo: photos.get(id) ?? null,
  }));
}

async function readObjects(path: string, size: Size, classIds: readonly ClassId[]): Promise<Annotation[]> {
  const lines = decodeText(await readBytes(path, MAX_BYTES), path).split("\n");
  const problems = collectProblems(path);
  const annotations: Annotation[] = [];
  for (const [n, line] of lines.entries()) {
    const fields = line.split(/\s+/).filter((field) => field !== "");
    if (fields.length === 0) continue;
    const place = `line ${n + 1}`;
    const [index, ...shares] = fields.map(parseDecimal);
    const isOutline = shares.length >= 6 && shares.length % 2 === 0;
    if (classIds[index] === undefined)
      problems.add(place, `a class 0..${classIds.length - 1}`, quote(fields[0]));
    else if (!isOutline && shares.length !== 4)
      problems.add(place, "a class and x, y of three or more corners, or a box", `${fields.length} numbers`);
    else if (!shares.every((share) => share >= -OUTSIDE && share <= 1 + OUTSIDE))
      problems.add(
        place,
        "shares of the picture's sides, 0..1",
        quote(fields.find((_, k) => k > 0 && !(shares[k - 1] >= -OUTSIDE && shares[k - 1] <= 1 + OUTSIDE))),
      );
    else {
      // A line without an outline has the box's center and sides.
      const corners = isOutline
        ? shares
        : boxCorners(boxFromDetr(shares as unknown as DetrBox, { height: 1, width: 1 }));
      const polygon = toPixels(corners, size);
      const rle = polygonToRle(polygon, size, `${path}: ${place}`);
      annotations.push({ classId: classIds[index], rle, polygons: [polygon], isCrowd: false });
    }
  }
  problems.throwIfAny();
  return annotations;
}

/** Pixels to the thousandth, which is what seven digits tell: so an annotator's tenths and hundredths come back as they were. */
function toPixels(shares: readonly number[], { height, width }: Size): number[] {
  return shares.map((share, k) => Math.round(share * (k % 2 === 0 ? width : height) * 1000) / 1000);
}

function createYolo(path: string, { photos, lose, warn }: CreateOptions): AnnotationTarget {
  mkdirSync(path);
  const used = new Set<string>();
  return {
    write(picture) {
      const { id, split, photo, annotations } = picture;
      const folder = split ?? "train";
      used.add(folder);
      let seams = 0;
      const lines = annotations.map((annotation) => {
        const rings = outlinesInside(annotation, picture);
        if (rings.length > 1) seams++;
        const points = joinRings(rings).map((value, k) =>
          share(value / (k % 2 === 0 ? picture.width : picture.height)),
        );
        return `${annotation.classId - 1} ${points.join(" ")}\n`;
      });
      lose("seams", id, seams);
      const file = join(path, "labels", folder, `${id}.txt`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, lines.join(""));
      if (photo !== null)
        placePhoto(photo, join(path, "images", folder, `${id}${photoExtension(picture)}`), photos);
    },
    finish(classes) {
      const named = (split: string): string => `images/${used.has(split) ? split : [...used].sort()[0]}`;
      if (!used.has("val"))
        warn(
          "Ultralytics wants pictures to validate with, and there is no split called val: data.yaml names the same ones twice; see --val",
        );
      const others = [...used].filter((split) => split !== "train" && split !== "val").sort();
      const lines = [
        ...["train", "val", ...others].map(
          (split) =>
            `${/^\w+$/.test(split) ? split : JSON.stringify(split)}: ${JSON.stringify(named(split))}`,
        ),
        "names:",
        ...classes.slice(1).map((name, k) => `  ${k}: ${JSON.stringify(name)}`),
      ];
      writeFileSync(join(path, SETTINGS), `${lines.join("\n")}\n`);
    },
  };
}

/** Digits that no coordinate needs are left out. */
function share(value: number): string {
  return String(Number(value.toFixed(DIGITS)));
}
