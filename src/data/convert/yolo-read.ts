import { existsSync } from "node:fs";
import { join } from "node:path";
import { boxFromDetr, type DetrBox, type Size } from "../../core/geometry.ts";
import type { ClassId } from "../../core/label-map.ts";
import { polygonToRle } from "../../core/polygon.ts";
import { parseDecimal } from "../decimal.ts";
import { decodeText, readBytes } from "../json-file.ts";
import { photoSize } from "../photo.ts";
import { collectProblems, quote } from "../problems.ts";
import type { OpenOptions } from "./format.ts";
import { matchClasses } from "./names.ts";
import { boxCorners } from "./outlines.ts";
import { type Annotation, type AnnotationSource, bare } from "./picture.ts";
import { byId, listIn, type SplitFile, splitNames } from "./split-folders.ts";
import { readSettings, SETTINGS } from "./yolo-settings.ts";

const MAX_BYTES = 2 ** 26;
/** Ultralytics refuses a file with coordinates further outside. */
const OUTSIDE = 0.01;

interface YoloFile extends SplitFile {
  /** Where the photo is: `path` is that of the labels, either of which may be missing. */
  readonly photo: string | null;
}

export async function openYolo(
  root: string,
  { classes: list, photo: photoOf, sizeOf }: OpenOptions,
): Promise<AnnotationSource> {
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
