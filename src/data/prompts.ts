import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { formatCount } from "../core/count.ts";
import { badFormat, MaskwrightError, shapeMismatch } from "../core/error.ts";
import { clipBox, formatSize, isSameSize, type Size } from "../core/geometry.ts";
import type { ClassId } from "../core/label-map.ts";
import type { LabeledPrompt, ObjectPrompt, PointPrompt } from "../core/object-prompt.ts";
import type { LabeledBox, LabeledPoint } from "../core/weak-label.ts";
import { type ClassList, type ClassSource, classList } from "./class-list.ts";
import { cocoBoxes, countBoxless, imagesById, readCoco } from "./coco.ts";
import { cocoClasses } from "./coco-classes.ts";
import { listPictures, type PictureFile, readFileBytes } from "./paths.ts";
import { collectProblems, quote } from "./problems.ts";
import type { WeakLabels } from "./tags.ts";
import { decodeVocXml, type VocAnnotation, vocBoxes } from "./voc-xml.ts";
import { readBoxes, readPoints } from "./weak-labels.ts";

/** Which objects of which pictures are wanted. */
export interface PromptSource {
  readonly kind: "boxes" | "points";
  /** Where it was read from, for messages. */
  readonly path: string;
  readonly classes: ClassList;
  /** The pictures it speaks of, also those it knows to have no object. */
  readonly ids: readonly string[];
  /** COCO's number of each picture, where the source has one. */
  readonly imageIds?: ReadonlyMap<string, number>;
  /** What of the file is passed over that a person should know of, such as "2 annotations"; null for nothing. */
  readonly leftOut: string | null;
  /** The objects of a picture, in the order of the source. @throws MaskwrightError BAD_FORMAT for a file of one picture alone */
  promptsOf(id: string): readonly LabeledPrompt[];
  /** The size of a picture, which its coordinates are in; null where the source does not say it. */
  sizeOf(id: string): Size | null;
}

/**
 * Boxes of a `boxes.csv`, a COCO JSON file (.gz too), or a folder of VOC XML files. Crowds of COCO are left out, and so are annotations
 * without a box or with one of no area, which COCO itself has; those are counted.
 *
 * @param classes  as `classList` takes them; by default the categories of a COCO file, and else "voc"
 * @throws MaskwrightError BAD_FORMAT that lists everything wrong with a file. The XML of a picture is read when its objects
 *         are asked for.
 */
export async function openBoxes(path: string, classes?: ClassSource): Promise<PromptSource> {
  if (existsSync(path) && statSync(path).isDirectory()) return openVocBoxes(path, classes);
  if (/\.json(\.gz)?$/i.test(path)) return openCocoBoxes(path, classes);
  if (!/\.csv$/i.test(path)) throw otherKind("--boxes", "a .csv or .json file or a folder of VOC XML", path);
  const list = await classList(classes ?? "voc");
  const boxes = await readBoxes(path, list.classes);
  const promptsOf = (id: string): LabeledPrompt[] => (boxes.get(id)?.boxes ?? []).map(boxPrompt);
  return {
    kind: "boxes",
    path,
    classes: list,
    ids: [...boxes.keys()],
    leftOut: null,
    promptsOf,
    sizeOf: () => null,
  };
}

/**
 * Points of a `points.csv`; see `decodePointsCsv` for which of them are on one object.
 *
 * @param classes  as `classList` takes them; "voc" by default
 * @throws MaskwrightError BAD_FORMAT that lists everything wrong with the file, objects without a positive point and
 *         objects of two classes among it
 */
export async function openPoints(path: string, classes: ClassSource = "voc"): Promise<PromptSource> {
  if (!/\.csv$/i.test(path)) throw otherKind("--points", "a .csv file", path);
  const list = await classList(classes);
  const prompts = groupPoints(await readPoints(path, list.classes), path);
  return {
    kind: "points",
    path,
    classes: list,
    ids: [...prompts.keys()],
    leftOut: null,
    promptsOf: (id) => prompts.get(id) ?? [],
    sizeOf: () => null,
  };
}

/**
 * Checks that a picture has the size that its source says, and that its prompts lie in it; boxes may reach beyond its edge.
 *
 * @param said  its size as `PromptSource.sizeOf` has it
 * @param where  the file and the picture, for the message
 * @throws MaskwrightError SHAPE_MISMATCH for another size: what is prompted is not where the source has it; BAD_FORMAT that lists every
 *         box and point outside
 */
export function checkPrompts(
  prompts: readonly ObjectPrompt[],
  size: Size,
  said: Size | null,
  where: string,
): void {
  if (said !== null && !isSameSize(said, size)) {
    const hint = "Its objects are elsewhere then. Photos are turned as their EXIF orientation says.";
    throw shapeMismatch(where, `a photo of ${formatSize(said)}`, formatSize(size), hint);
  }
  const problems = collectProblems(where);
  // Not "281×500", which is height first and would stand beside x before y.
  const picture = `the picture, which is ${size.width} wide and ${size.height} high`;
  for (const [k, prompt] of prompts.entries()) {
    if (prompt.kind === "points") {
      for (const { x, y } of prompt.points)
        if (!(x >= 0 && y >= 0 && x < size.width && y < size.height))
          problems.add(`object ${k + 1}`, `a point in ${picture}`, `${x},${y}`);
    } else if (clipBox(prompt.box, size) === null) {
      const { x0, y0, x1, y1 } = prompt.box;
      problems.add(`object ${k + 1}`, `a box in ${picture}`, `${x0},${y0},${x1},${y1}`);
    }
  }
  problems.throwIfAny(
    "Coordinates are x before y, in pixels from 0; photos are turned as their EXIF orientation says.",
  );
}

async function openCocoBoxes(path: string, classes: ClassSource | undefined): Promise<PromptSource> {
  const dataset = await readCoco(path);
  const given = classes === undefined ? null : await classList(classes);
  const own = cocoClasses(dataset, path, given?.classes);
  if (own.classes.length > 255) throw badFormat(path, "at most 254 classes", `${own.classes.length - 1}`);
  const images = imagesById(dataset, path);
  const boxless = countBoxless(dataset, own.classIds);
  return {
    kind: "boxes",
    path,
    classes: given ?? { name: path, classes: own.classes, categoryIds: invert(own.classIds) },
    ids: [...images.keys()],
    imageIds: new Map(dataset.images.map(({ id, imageId }) => [id, imageId])),
    leftOut:
      boxless === 0 ? null : `${formatCount(boxless, "annotation")} without a box or with an empty one`,
    promptsOf: (id) => {
      const image = images.get(id);
      return image === undefined ? [] : cocoBoxes(image, own.classIds).map(boxPrompt);
    },
    sizeOf: (id) => sizeAlone(images.get(id)),
  };
}

/** No more of a picture than its size: what a thread is told is copied. */
export function sizeAlone(picture: Size | undefined): Size | null {
  return picture === undefined ? null : { height: picture.height, width: picture.width };
}

/** The category id of each class id; the background may have none, and then has 0. */
function invert(classIds: ReadonlyMap<number, ClassId>): number[] {
  const ids = [0];
  for (const [categoryId, classId] of classIds) ids[classId] = categoryId;
  return ids;
}

async function openVocBoxes(path: string, classes: ClassSource = "voc"): Promise<PromptSource> {
  const list = await classList(classes);
  const files = new Map(listVocFiles(path).map((file) => [file.id, file.path]));
  const read = (file: string): VocAnnotation => decodeVocXml(readFileBytes(file), file);
  const promptsOf = (id: string): LabeledPrompt[] => {
    const file = files.get(id);
    return file === undefined ? [] : vocBoxes(read(file), file, list.classes).map(boxPrompt);
  };
  const sizeOf = (id: string): Size | null => {
    const file = files.get(id);
    return file === undefined ? null : sizeAlone(read(file));
  };
  return { kind: "boxes", path, classes: list, ids: [...files.keys()], leftOut: null, promptsOf, sizeOf };
}

/** The XML files of a folder, or of the `Annotations` in it. */
export function listVocFiles(path: string): PictureFile[] {
  const folder = existsSync(join(path, "Annotations")) ? join(path, "Annotations") : path;
  return listPictures(folder, { extensions: [".xml"], recursive: true });
}

function boxPrompt({ classId, ...box }: LabeledBox): LabeledPrompt {
  return { kind: "box", classId, box };
}

/** The objects that points are on, in the order of their first points. */
function groupPoints(labels: WeakLabels<"points">, where: string): Map<string, LabeledPrompt[]> {
  const problems = collectProblems(where);
  const prompts = new Map<string, LabeledPrompt[]>();
  for (const [id, { points }] of labels) {
    const groups = new Map<string, LabeledPoint[]>();
    for (const [k, point] of points.entries()) {
      // No text holds a line break and ends up as a name of ours.
      const name = point.object ?? `\n${k}`;
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [point]);
      else group.push(point);
    }
    const objects = [...groups.values()].map((group): LabeledPrompt => {
      const [{ classId, object }] = group;
      const place = object === undefined ? id : `${id}, object ${quote(object)}`;
      const other = group.find((point) => point.classId !== classId);
      if (other !== undefined) problems.add(place, "one class", `${classId} and ${other.classId}`);
      if (!group.some(({ positive }) => positive))
        problems.add(place, "a positive point on the object", "negative points only");
      return { kind: "points", classId, points: group.map(toPoint) };
    });
    prompts.set(id, objects);
  }
  problems.throwIfAny("The column object names the object that a point is on or, if it is negative, beside.");
  return prompts;
}

function toPoint({ x, y, positive }: LabeledPoint): PointPrompt {
  return { x, y, positive };
}

function otherKind(option: string, expected: string, path: string): MaskwrightError {
  return new MaskwrightError("INVALID_ARGUMENT", `${option}: expected ${expected}, got ${path}`);
}
