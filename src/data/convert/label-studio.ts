import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { z } from "zod";
import { badFormat } from "../../core/error.ts";
import { boxFromCoco, formatSize, isSameSize, type Size } from "../../core/geometry.ts";
import { type ClassId, vocPalette } from "../../core/label-map.ts";
import { checkSize } from "../../core/limits.ts";
import { polygonToRle } from "../../core/polygon.ts";
import { decodeRle, encodeRle, type Rle } from "../../core/rle.ts";
import { parseJson } from "../json-file.ts";
import { readFileBytes } from "../paths.ts";
import { pathFault, pictureId } from "../picture-id.ts";
import { addIssues, collectProblems, quote } from "../problems.ts";
import { decodeBrush, encodeBrush } from "./brush-rle.ts";
import { checkIds } from "./coco.ts";
import type { AnnotationFormat, CreateOptions, OpenOptions } from "./format.ts";
import { indexJsonList } from "./json-items.ts";
import { matchClasses } from "./names.ts";
import { boxCorners } from "./outlines.ts";
import {
  type AnnotatedPicture,
  type Annotation,
  type AnnotationSource,
  type AnnotationTarget,
  bare,
} from "./picture.ts";
import { openTextFile } from "./text-file.ts";
import { escapeXml, parseXml, type XmlElement } from "./xml.ts";

const TASKS = "tasks.json";
const CONFIG = "label-config.xml";
/** Where Label Studio serves files of its document root, with their path in the query. */
const LOCAL = "/data/local-files/?d=";
const MAX_BYTES = 2 ** 28;

const number = z.number("a number");
const names = z.array(z.string("a text"), "a list of labels").nullish();
const result = z.looseObject(
  {
    type: z.string("a text"),
    original_width: z.int("a whole number").nullish(),
    original_height: z.int("a whole number").nullish(),
    image_rotation: number.nullish(),
    meta: z.unknown().optional(),
    value: z.looseObject(
      {
        x: number.nullish(),
        y: number.nullish(),
        width: number.nullish(),
        height: number.nullish(),
        rotation: number.nullish(),
        points: z.array(z.tuple([number, number], "[x, y]"), "a list of [x, y]").nullish(),
        format: z.string("a text").nullish(),
        // Checked where it is decoded: most numbers of a file are in here.
        rle: z.unknown().optional(),
        brushlabels: names,
        polygonlabels: names,
        rectanglelabels: names,
        labels: names,
      },
      "an object",
    ),
  },
  "an object with type and value",
);
const shape = z.object(
  {
    data: z.record(z.string(), z.unknown(), "an object"),
    annotations: z
      .array(
        z.object(
          { result: z.array(z.unknown(), "a list"), was_cancelled: z.boolean().nullish() },
          "an object with result",
        ),
        "a list",
      )
      .nullish(),
    predictions: z
      .array(z.object({ result: z.array(z.unknown(), "a list") }, "an object with result"), "a list")
      .nullish(),
  },
  "a task with data and annotations",
);
type Task = z.infer<typeof shape>;
type Result = z.infer<typeof result>;

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

async function openLabelStudio(
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

function readTask(bytes: Uint8Array, where: string): Task {
  const value = parseJson(bytes, where);
  const parsed = shape.safeParse(value);
  const problems = collectProblems(where);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny("export as JSON, not JSON-MIN");
  return parsed.data as Task;
}

function resultsOf({ annotations, predictions }: Task): readonly unknown[] {
  const done = (annotations ?? []).filter(({ was_cancelled }) => was_cancelled !== true);
  return done.at(-1)?.result ?? predictions?.[0]?.result ?? [];
}

function checkResult(value: unknown, where: string): Result {
  const parsed = result.safeParse(value);
  const problems = collectProblems(where);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny();
  return parsed.data as Result;
}

const kinds = ["brushlabels", "polygonlabels", "rectanglelabels", "labels"] as const;

function labelsOf(one: unknown): string[] {
  const value = (one as { value?: Record<string, unknown> } | null)?.value ?? {};
  return kinds
    .flatMap((kind) => (Array.isArray(value[kind]) ? value[kind] : []))
    .filter((name) => typeof name === "string");
}

/** The name of a task's photo: what is behind `?d=` for local files, otherwise the last name of its path or address. */
function photoName({ data }: Task, where: string): string {
  const address = [data.image, ...Object.values(data)].find(
    (value) => typeof value === "string" && value !== "",
  ) as string | undefined;
  if (address === undefined) throw badFormat(where, "the path or address of a photo", "none");
  const local = /[?&]d=([^&]+)/.exec(address);
  let name = local === null ? posix.basename(address.replace(/[?#].*$/, "")) : local[1];
  try {
    name = decodeURIComponent(name);
  } catch {
    // A "%" that encodes nothing stands for itself.
  }
  const fault = pathFault(name);
  if (fault !== null) throw badFormat(where, "the path or address of a photo", `${fault}: ${quote(address)}`);
  return name;
}

/** The size that we write beside the photo: a task without regions has no other. */
function asSize({ data: { height, width } }: Task): Pick<Result, "original_height" | "original_width"> {
  const isSize = Number.isInteger(height) && Number.isInteger(width);
  return isSize ? { original_height: height as number, original_width: width as number } : {};
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

function createLabelStudio(
  path: string,
  { classes, palette = vocPalette() }: CreateOptions,
): AnnotationTarget {
  mkdirSync(path);
  const tasks = openTextFile(join(path, TASKS));
  let count = 0;
  tasks.write("[");
  return {
    write({ id, file, height, width, annotations }) {
      const image = LOCAL + encodeURIComponent(file ?? `${id}.jpg`).replaceAll("%2F", "/");
      const regions = annotations.map((one, k) =>
        regionJson(one, classes[one.classId], k + 1, { height, width }),
      );
      // Without a region nothing else tells the size.
      const data = { image, height, width };
      const task = { id: ++count, data, annotations: [{ result: regions }] };
      tasks.write(`${count === 1 ? "\n" : ",\n"}${JSON.stringify(task)}`);
    },
    finish(names) {
      tasks.write("\n]\n");
      tasks.close();
      writeFileSync(join(path, CONFIG), configXml(names, palette));
    },
  };
}

/** What was drawn as one polygon stays one; everything else is a mask. */
function regionJson(
  { rle, polygons }: Annotation,
  label: string,
  n: number,
  { height, width }: Size,
): object {
  const isPolygon = polygons?.length === 1;
  const kind = isPolygon ? "polygonlabels" : "brushlabels";
  const [polygon] = polygons ?? [];
  const value = isPolygon
    ? {
        points: Array.from({ length: polygon.length / 2 }, (_, k) => [
          (polygon[2 * k] / width) * 100,
          (polygon[2 * k + 1] / height) * 100,
        ]),
        closed: true,
      }
    : { format: "rle", rle: encodeBrush(decodeRle(rle)) };
  return {
    id: `r${n}`,
    type: kind,
    from_name: isPolygon ? "polygon" : "brush",
    to_name: "image",
    original_width: width,
    original_height: height,
    image_rotation: 0,
    value: { ...value, [kind]: [label] },
  };
}

function configXml(classes: readonly string[], palette: Uint8Array): string {
  const hex = (k: number): string => Buffer.from(palette.subarray(k * 3, k * 3 + 3)).toString("hex");
  const labels = classes
    .slice(1)
    .map((name, k) => `    <Label value="${escapeXml(name)}" background="#${hex(k + 1)}"/>`);
  return [
    "<View>",
    '  <Image name="image" value="$image" zoom="true"/>',
    '  <BrushLabels name="brush" toName="image">',
    ...labels,
    "  </BrushLabels>",
    '  <PolygonLabels name="polygon" toName="image">',
    ...labels,
    "  </PolygonLabels>",
    "</View>",
    "",
  ].join("\n");
}
