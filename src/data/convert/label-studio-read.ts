import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { badFormat } from "../../core/error.ts";
import { boxFromCoco, formatSize, isSameSize, type Size } from "../../core/geometry.ts";
import type { ClassId } from "../../core/label-map.ts";
import { checkSize } from "../../core/limits.ts";
import { polygonToRle } from "../../core/polygon.ts";
import { encodeRle, type Rle } from "../../core/rle.ts";
import { readFileBytes } from "../paths.ts";
import { pictureId } from "../picture-id.ts";
import { quote } from "../problems.ts";
import { decodeBrush } from "./brush-rle.ts";
import { checkIds } from "./coco.ts";
import type { OpenOptions } from "./format.ts";
import { indexJsonList } from "./json-items.ts";
import {
  asSize,
  CONFIG,
  checkResult,
  labelsOf,
  photoName,
  type Result,
  readTask,
  resultsOf,
  TASKS,
} from "./label-studio-task.ts";
import { matchClasses } from "./names.ts";
import { boxCorners } from "./outlines.ts";
import { type AnnotatedPicture, type Annotation, type AnnotationSource, bare } from "./picture.ts";
import { parseXml, type XmlElement } from "./xml.ts";

const MAX_BYTES = 2 ** 28;

export async function openLabelStudio(
  path: string,
  { classes: list, sizeOf }: OpenOptions,
): Promise<AnnotationSource> {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const file = isFolder ? join(path, TASKS) : path;
  const items = indexJsonList(file, MAX_BYTES);
  const labels = new Set(isFolder ? readConfig(join(path, CONFIG)) : []);
  const isListed = labels.size > 0;
  const files: { id: string; file: string }[] = [];
  for (let n = 0; n < items.count; n++) {
    const task = readTask(items.bytes(n), `${file}: [${n}]`);
    const photo = photoName(task, `${file}: [${n}].data`);
    files.push({ id: pictureId(photo), file: photo });
    if (!isListed) for (const one of resultsOf(task)) for (const name of labelsOf(one)) labels.add(name);
  }
  checkIds(files, file);
  const all = isListed ? [...labels] : [...labels].sort();
  const { classes, classIds } = matchClasses(all, file, list?.classes);
  const byName = new Map(all.map((name, k) => [name, classIds[k]]));
  return {
    classes,
    isNumbered: false,
    ids: files.map(({ id }) => id),
    splits: [],
    isLayered: true,
    hasObjects: true,
    async read(n) {
      const where = `${file}: [${n}]`;
      const { id } = files[n];
      const task = readTask(items.bytes(n), where);
      const results = resultsOf(task).map((one, k) => checkResult(one, `${where}: result[${k}]`));
      const size = sizeIn(results, where) ?? sizeIn([asSize(task)], where) ?? (await sizeOf(id));
      return { ...readRegions(results, size, id, where, byName), file: files[n].file };
    },
  };
}

/** The picture's size as its regions tell it. */
function sizeIn(
  results: readonly Pick<Result, "original_height" | "original_width">[],
  where: string,
): Size | null {
  let size: Size | null = null;
  for (const { original_height: height, original_width: width } of results) {
    if (!height || !width) continue;
    checkSize(where, { height, width });
    if (size !== null && !isSameSize(size, { height, width }))
      throw badFormat(where, `regions of a picture of ${formatSize(size)}`, formatSize({ height, width }));
    size = { height, width };
  }
  return size;
}

function readRegions(
  results: readonly Result[],
  size: Size,
  id: string,
  where: string,
  byName: ReadonlyMap<string, ClassId>,
): AnnotatedPicture {
  const annotations: Annotation[] = [];
  const leftOut = { shapes: 0, attributes: 0 };
  for (const [k, one] of results.entries()) {
    const place = `${where}: result[${k}]`;
    const part = readRegion(one, size, place);
    const [label, ...others] = labelsOf(one);
    if (part === null || label === undefined) {
      leftOut.shapes++;
      continue;
    }
    if (others.length > 0 || one.meta !== undefined) leftOut.attributes++;
    const classId = byName.get(label);
    if (classId === undefined) throw badFormat(place, `a label of ${CONFIG} or --classes`, quote(label));
    annotations.push({ classId, isCrowd: false, ...part });
  }
  return { ...bare(size, id), annotations, leftOut };
}

/** null for a region without an area here. */
function readRegion(
  { type, value, image_rotation }: Result,
  size: Size,
  place: string,
): { rle: Rle; polygons?: number[][] } | null {
  if (image_rotation)
    throw badFormat(`${place}.image_rotation`, "0", String(image_rotation), "Turn the photo itself.");
  const { height, width } = size;
  if (value.rle !== undefined) {
    const isBytes =
      Array.isArray(value.rle) &&
      value.rle.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255);
    if (!isBytes) throw badFormat(`${place}.value.rle`, "a list of bytes", quote(value.rle));
    return { rle: encodeRle(decodeBrush(value.rle as number[], size, `${place}.value.rle`)) };
  }
  const { x, y, width: w, height: h, points, rotation } = value;
  let polygon: number[] | null = null;
  if (points) polygon = points.flatMap(([px, py]) => [toPixels(px, width), toPixels(py, height)]);
  else if (type.startsWith("rectangle") && [x, y, w, h].every((n) => typeof n === "number")) {
    const [left, top, across, down] = [x, y, w, h] as number[];
    const box = boxFromCoco([
      toPixels(left, width),
      toPixels(top, height),
      toPixels(across, width),
      toPixels(down, height),
    ]);
    polygon = boxCorners(box, rotation ?? 0); // about its first corner
  }
  if (polygon === null || !(type.startsWith("polygon") || type.startsWith("rectangle"))) return null;
  return { rle: polygonToRle(polygon, size, place), polygons: [polygon] };
}

/** Pixels of percents, to the millionth: what was a tenth or a hundredth before is that again. */
function toPixels(percent: number, side: number): number {
  return Math.round((percent / 100) * side * 1e6) / 1e6;
}

/** The labels of a labeling interface. */
function readConfig(path: string): string[] {
  if (!existsSync(path)) return [];
  const values = (element: XmlElement): string[] => [
    ...(element.name === "Label" && element.attributes.value !== undefined ? [element.attributes.value] : []),
    ...element.children.flatMap(values),
  ];
  return values(parseXml(readFileBytes(path), path));
}
