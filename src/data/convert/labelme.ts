import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { z } from "zod";
import { badFormat } from "../../core/error.ts";
import type { Box, Size } from "../../core/geometry.ts";
import type { ClassId } from "../../core/label-map.ts";
import { checkSize } from "../../core/limits.ts";
import { polygonToRle } from "../../core/polygon.ts";
import { type Rle, rleBox } from "../../core/rle.ts";
import { unionRles } from "../../core/rle-algebra.ts";
import { decodeText, readJsonFile } from "../json-file.ts";
import { listPictures, readFileBytes } from "../paths.ts";
import { decodePng } from "../png-decode.ts";
import { encodePng } from "../png-encode.ts";
import { addIssues, collectProblems, quote } from "../problems.ts";
import { cropMask, placeMask } from "./cropped-mask.ts";
import type { AnnotationFormat, CreateOptions, OpenOptions } from "./format.ts";
import { matchClasses } from "./names.ts";
import { boxCorners } from "./outlines.ts";
import { placePhoto } from "./photos.ts";
import {
  type AnnotatedPicture,
  type Annotation,
  type AnnotationSource,
  type AnnotationTarget,
  bare,
} from "./picture.ts";

/** The list that LabelMe's own converters take: ignore first, then the background, then the classes. */
const LABELS = "labels.txt";
const IGNORED = "__ignore__";
const BACKGROUND = "_background_";
/** A JSON file may hold its photo. */
const MAX_BYTES = 2 ** 28;

const number = z.number("a number");
const shape = z.object(
  {
    imagePath: z.string("a text").nullish(),
    imageHeight: z.int("a whole number"),
    imageWidth: z.int("a whole number"),
    flags: z.record(z.string(), z.boolean()).nullish(),
    shapes: z.array(
      z.object(
        {
          label: z.string("a text"),
          points: z.array(z.tuple([number, number], "[x, y]"), "a list of [x, y]"),
          shape_type: z.string("a text").nullish(),
          group_id: z.int("a whole number").nullish(),
          flags: z.record(z.string(), z.boolean()).nullish(),
          description: z.string("a text").nullish(),
          mask: z.string("a PNG in base64").nullish(),
        },
        "an object",
      ),
      "a list",
    ),
  },
  "an object with shapes, imageHeight and imageWidth",
);
type Shape = z.infer<typeof shape>["shapes"][number];

/**
 * LabelMe's JSON, a file for each picture: polygons, rectangles and masks. Shapes of one label and group are parts of one object; those called
 * `__ignore__` are pixels of class 255.
 *
 * @see labelme, `_label_file.py` (keys), `_utils/shape.py` (`shapes_to_label`: the last pixel of a mask's box is in it) and
 *      `examples/semantic_segmentation` (`labels.txt`)
 */
export const labelme: AnnotationFormat = {
  output: "folder",
  holds: {
    objects: true,
    overlaps: true,
    layers: true,
    ignore: true,
    crowds: false,
    splits: false,
    categoryIds: false,
  },
  photos: "wanted",
  open: openLabelme,
  create: createLabelme,
};

async function openLabelme(path: string, { classes: list }: OpenOptions): Promise<AnnotationSource> {
  const pictures = listPictures(path, { extensions: [".json"], recursive: true });
  const names = await readNames(
    path,
    pictures.map((picture) => picture.path),
  );
  const { classes, classIds } = matchClasses(names, path, list?.classes);
  const byName = new Map<string, ClassId>(names.map((name, k) => [name, classIds[k]]));
  byName.set(BACKGROUND, 0);
  return {
    classes,
    isNumbered: false,
    ids: pictures.map(({ id }) => id),
    splits: [],
    isLayered: true,
    hasObjects: true,
    read: async (n) => readPicture(await readFile(pictures[n].path), pictures[n], byName),
  };
}

/** The classes of `labels.txt`, or else all labels that occur, sorted; without ignore and the background. */
async function readNames(folder: string, files: readonly string[]): Promise<string[]> {
  const list = join(folder, LABELS);
  const names = new Set<string>();
  if (existsSync(list))
    for (const line of decodeText(readFileBytes(list), list).split("\n")) names.add(line.trim());
  else for (const file of files) for (const { label } of (await readFile(file)).shapes) names.add(label);
  for (const other of ["", IGNORED, BACKGROUND]) names.delete(other);
  return existsSync(list) ? [...names] : [...names].sort();
}

async function readFile(path: string): Promise<z.infer<typeof shape>> {
  const value = await readJsonFile(path, { maxBytes: MAX_BYTES });
  const parsed = shape.safeParse(value);
  const problems = collectProblems(path);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny();
  return parsed.data as z.infer<typeof shape>;
}

function readPicture(
  { imageHeight: height, imageWidth: width, imagePath, shapes }: z.infer<typeof shape>,
  { id, path }: { readonly id: string; readonly path: string },
  byName: ReadonlyMap<string, ClassId>,
): AnnotatedPicture {
  const size = { height, width };
  checkSize(path, size);
  const objects = new Map<string, { label: string; rles: Rle[]; polygons: number[][] }>();
  const leftOut = { shapes: 0, attributes: 0 };
  for (const [k, one] of shapes.entries()) {
    const part = readShape(one, size, `${path}: shapes[${k}]`);
    if (part === null) {
      leftOut.shapes++;
      continue;
    }
    if (one.description || Object.keys(one.flags ?? {}).length > 0) leftOut.attributes++;
    const { label, group_id: group } = one;
    if (label !== IGNORED && !byName.has(label))
      throw badFormat(`${path}: shapes[${k}].label`, `a label of ${LABELS} or --classes`, quote(label));
    const key = JSON.stringify(group === null || group === undefined ? k : [label, group]);
    const object = objects.get(key) ?? { label, rles: [], polygons: [] };
    objects.set(key, object);
    object.rles.push(part.rle);
    if (part.polygon !== null) object.polygons.push(part.polygon);
  }
  const all = [...objects.values()].map(({ label, rles, polygons }) => ({
    label,
    rle: unionRles(rles),
    ...(polygons.length === rles.length && { polygons }),
  }));
  const annotations = all
    .filter(({ label }) => label !== IGNORED)
    .map(
      ({ label, ...rest }): Annotation => ({
        classId: byName.get(label) as ClassId,
        isCrowd: false,
        ...rest,
      }),
    );
  const ignored = all.filter(({ label }) => label === IGNORED).map(({ rle }) => rle);
  const file = imagePath
    ? posix.join(posix.dirname(id), posix.basename(imagePath.replaceAll("\\", "/")))
    : null;
  const photo = file === null ? null : join(dirname(path), posix.basename(file));
  return {
    ...bare(size, id),
    file,
    annotations,
    ignore: ignored.length === 0 ? null : unionRles(ignored),
    photo: photo !== null && existsSync(photo) ? { path: photo } : null,
    leftOut,
  };
}

/** null for a shape without an area here. */
function readShape(
  { shape_type, points, mask }: Shape,
  size: Size,
  place: string,
): { readonly rle: Rle; readonly polygon: number[] | null } | null {
  const kind = shape_type ?? "polygon";
  if (kind === "mask") return { rle: readMask(mask, points, size, place), polygon: null };
  const polygon = kind === "rectangle" ? rectangle(points, place) : points.flat();
  if (kind !== "polygon" && kind !== "rectangle" && kind !== "oriented_rectangle") return null;
  return { rle: polygonToRle(polygon, size, place), polygon };
}

function rectangle(points: Shape["points"], place: string): number[] {
  if (points.length !== 2) throw badFormat(`${place}.points`, "two corners", `${points.length}`);
  const [[xa, ya], [xb, yb]] = points;
  return boxCorners({
    x0: Math.min(xa, xb),
    y0: Math.min(ya, yb),
    x1: Math.max(xa, xb),
    y1: Math.max(ya, yb),
  });
}

function readMask(mask: Shape["mask"], points: Shape["points"], size: Size, place: string): Rle {
  if (mask === null || mask === undefined) throw badFormat(`${place}.mask`, "a PNG in base64", "nothing");
  if (points.length !== 2) throw badFormat(`${place}.points`, "two corners", `${points.length}`);
  const { height, width, channels, data } = decodePng(Buffer.from(mask, "base64"), `${place}.mask`);
  if (channels !== 1) throw badFormat(`${place}.mask`, "one channel", `${channels}`);
  const [[xa, ya], [xb, yb]] = points.map(([x, y]) => [Math.round(x), Math.round(y)]);
  // As LabelMe draws it: a box of whole pixels, both corners in it, cuts the mask.
  const isWhole = points.flat().every(Number.isInteger);
  const box = isWhole
    ? { height: Math.min(height, yb - ya + 1), width: Math.min(width, xb - xa + 1) }
    : { height, width };
  if (box.height < 1 || box.width < 1)
    throw badFormat(`${place}.points`, "a box that holds pixels", quote(points));
  const pixels = new Uint8Array(box.height * box.width);
  for (let i = 0; i < box.height; i++)
    for (let j = 0; j < box.width; j++) pixels[i * box.width + j] = data[i * width + j] === 0 ? 0 : 1;
  return placeMask({ ...box, data: pixels }, { x: xa, y: ya }, size);
}

function createLabelme(path: string, { classes, photos }: CreateOptions): AnnotationTarget {
  mkdirSync(path);
  return {
    write({ id, file, height, width, annotations, ignore, photo }) {
      const target = join(path, `${id}.json`);
      const name = `${posix.basename(id)}${posix.extname(file ?? ".jpg")}`;
      const shapes = annotations.flatMap((one, k) => shapesJson(one, classes[one.classId], k + 1));
      if (ignore !== null) shapes.push(maskJson(ignore, IGNORED));
      const json = {
        version: "5.5.0",
        flags: {},
        shapes,
        imagePath: name,
        imageData: null,
        imageHeight: height,
        imageWidth: width,
      };
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, `${JSON.stringify(json, null, 1)}\n`);
      if (photo !== null) placePhoto(photo, join(dirname(target), name), photos);
    },
    finish(names) {
      writeFileSync(join(path, LABELS), [IGNORED, BACKGROUND, ...names.slice(1), ""].join("\n"));
    },
  };
}

type ShapeJson = Omit<Shape, "points"> & { readonly points: readonly (readonly number[])[] };

/** What was drawn as polygons stays polygons, in one group when they are several; everything else is a mask. */
function shapesJson({ rle, polygons }: Annotation, label: string, group: number): ShapeJson[] {
  if (polygons === undefined) return [maskJson(rle, label)];
  return polygons.map((polygon) => ({
    label,
    points: Array.from({ length: polygon.length / 2 }, (_, n) => [polygon[2 * n], polygon[2 * n + 1]]),
    group_id: polygons.length > 1 ? group : null,
    description: "",
    shape_type: "polygon",
    flags: {},
    mask: null,
  }));
}

function maskJson(rle: Rle, label: string): ShapeJson {
  const { x0, y0, x1, y1 } = rleBox(rle) as Box;
  const { height, width, data } = cropMask(rle, { x0, y0, x1, y1 });
  return {
    label,
    points: [
      [x0, y0],
      [x1 - 1, y1 - 1],
    ],
    group_id: null,
    description: "",
    shape_type: "mask",
    flags: {},
    mask: Buffer.from(encodePng({ height, width }, data, null)).toString("base64"),
  };
}
