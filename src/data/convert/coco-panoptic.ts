import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { badFormat } from "../../core/error.ts";
import { formatSize, isSameSize, type Size } from "../../core/geometry.ts";
import { type ClassId, IGNORE } from "../../core/label-map.ts";
import { checkSize } from "../../core/limits.ts";
import { idsToRles, type Rle, rleArea, rleBox } from "../../core/rle.ts";
import { cocoClasses } from "../coco.ts";
import { cocoBoxJson } from "../coco-write.ts";
import { readJsonFile } from "../json-file.ts";
import { containedPath, readFileBytes } from "../paths.ts";
import { pathFault, pictureId } from "../picture-id.ts";
import { decodePng } from "../png-decode.ts";
import { encodePng } from "../png-encode.ts";
import { addIssues, collectProblems, quote } from "../problems.ts";
import { categoriesJson, categoryIdsOf, categoryNumbers, checkIds } from "./coco.ts";
import { openCocoFile } from "./coco-file.ts";
import type { AnnotationFormat, CreateOptions } from "./format.ts";
import {
  type AnnotatedPicture,
  type Annotation,
  type AnnotationSource,
  type AnnotationTarget,
  bare,
} from "./picture.ts";

const id = z.int("a whole number");
const side = z.int("a whole number").min(1, "a number of at least 1");
const shape = z.object(
  {
    images: z.array(
      z.object({ id, file_name: z.string("a text"), height: side, width: side }, "an object"),
      "a list",
    ),
    annotations: z.array(
      z.object(
        {
          image_id: id,
          file_name: z.string("a text"),
          segments_info: z.array(
            z.object(
              {
                id: id.min(1, "an id from 1").max(0xffffff, "an id of 24 bits"),
                category_id: id,
                iscrowd: z.union([z.literal(0), z.literal(1)], "0 or 1").nullish(),
              },
              "an object",
            ),
            "a list",
          ),
        },
        "an object",
      ),
      "a list",
    ),
    categories: z.array(
      z.object({ id, name: z.string("a text"), isthing: z.int("0 or 1").nullish() }, "an object"),
      "a list",
    ),
  },
  "an object with images, annotations and categories",
);
type Shape = z.infer<typeof shape>;

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

function panopticSource(value: unknown, path: string, list?: readonly string[]): AnnotationSource {
  const problems = collectProblems(path);
  const parsed = shape.safeParse(value);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny();
  const { images, annotations, categories } = parsed.data as Shape;
  const { classes, classIds } = cocoClasses({ categories, images: [] }, path, list);
  const byImage = new Map(annotations.map((annotation) => [annotation.image_id, annotation]));
  for (const [k, { id: imageId, file_name, height, width }] of images.entries()) {
    const place = `images[${k}]`;
    const fault = pathFault(file_name);
    if (fault !== null)
      problems.add(`${place}.file_name`, "a path in the image folder", `${fault}: ${quote(file_name)}`);
    problems.attempt(() => checkSize(place, { height, width }));
    if (!byImage.has(imageId)) problems.add(place, "an annotation with its segments", "none");
  }
  for (const [k, { segments_info }] of annotations.entries())
    for (const [n, { category_id }] of segments_info.entries()) {
      const classId = classIds.get(category_id);
      if (classId === undefined || classId >= IGNORE)
        problems.add(
          `annotations[${k}].segments_info[${n}].category_id`,
          "one of 254 categories",
          String(category_id),
        );
    }
  problems.throwIfAny();
  const files = images.map(({ file_name: file }) => ({ id: pictureId(file), file }));
  checkIds(files, path);
  const folder = path.replace(/\.json(\.gz)?$/i, "");
  return {
    classes,
    isNumbered: false,
    categoryIds: categoryIdsOf(classIds),
    ids: files.map(({ id }) => id),
    splits: [],
    isLayered: false,
    hasObjects: categories.some(({ isthing }) => isthing !== 0),
    read(n) {
      const annotation = byImage.get(images[n].id) as Shape["annotations"][number];
      const png = containedPath(folder, annotation.file_name, `${path}: annotations: file_name`);
      return { ...readSegments(png, images[n], files[n].id, annotation, classIds), file: files[n].file };
    },
  };
}

function readSegments(
  path: string,
  size: Size,
  id: string,
  { segments_info: segments }: Shape["annotations"][number],
  classIds: ReadonlyMap<number, ClassId>,
): AnnotatedPicture {
  const { height, width, kind, data } = decodePng(readFileBytes(path), path);
  if (kind !== "rgb" || data instanceof Uint16Array)
    throw badFormat(path, "colors of 3 × 8 bits", `a picture of kind ${kind}`);
  if (!isSameSize({ height, width }, size))
    throw badFormat(path, formatSize(size), formatSize({ height, width }));
  const places = new Map(segments.map(({ id: segment }, k) => [segment, k + 1]));
  places.set(0, 0);
  const ids = new Int32Array(height * width);
  for (let p = 0, last = 0, place = 0; p < ids.length; p++) {
    const segment = data[3 * p] | (data[3 * p + 1] << 8) | (data[3 * p + 2] << 16);
    if (segment !== last) {
      const found = places.get(segment);
      if (found === undefined) {
        const where = `${path}: row ${Math.floor(p / width)}, column ${p % width}`;
        throw badFormat(where, "a segment that the JSON lists", String(segment));
      }
      last = segment;
      place = found;
    }
    ids[p] = place;
  }
  const rles = idsToRles(ids, size, segments.length + 1);
  const empty: Rle = { height, width, counts: Uint32Array.of(height * width) };
  const annotations = segments.map(
    ({ category_id, iscrowd }, k): Annotation => ({
      classId: classIds.get(category_id) as ClassId,
      rle: rles[k + 1] ?? empty,
      isCrowd: iscrowd === 1,
    }),
  );
  return { ...bare(size, id), annotations };
}

function createPanoptic(path: string, { categoryIds, hasObjects }: CreateOptions): AnnotationTarget {
  const folder = join(path, "panoptic");
  mkdirSync(folder, { recursive: true });
  const coco = openCocoFile(join(path, "panoptic.json"));
  const numbers = categoryNumbers(categoryIds);
  return {
    write({ id, file, height, width, annotations }) {
      const png = join(folder, `${id}.png`);
      mkdirSync(dirname(png), { recursive: true });
      writeFileSync(png, encodePng({ height, width }, paintSegments({ height, width }, annotations), null));
      coco.addAnnotation({
        file_name: `${id}.png`,
        image_id: coco.addImage(file ?? `${id}.jpg`, { height, width }),
        segments_info: annotations.map(({ rle, classId, isCrowd }, k) => ({
          area: rleArea(rle),
          bbox: cocoBoxJson(rleBox(rle)),
          category_id: numbers(classId),
          id: k + 1,
          iscrowd: isCrowd ? 1 : 0,
        })),
      });
    },
    finish(classes) {
      const isthing = hasObjects ? 1 : 0;
      return coco.finish(categoriesJson(classes, numbers).map((category) => ({ ...category, isthing })));
    },
  };
}

/** [H, W, 3]: segment k has the color of the number k + 1. */
function paintSegments({ height, width }: Size, annotations: readonly Annotation[]): Uint8Array {
  const rgb = new Uint8Array(height * width * 3);
  for (const [k, { rle }] of annotations.entries()) {
    const [red, green, blue] = [(k + 1) & 255, ((k + 1) >> 8) & 255, (k + 1) >> 16];
    let q = 0; // column-major position
    for (let run = 1; run < rle.counts.length; run += 2) {
      q += rle.counts[run - 1];
      for (const end = q + rle.counts[run]; q < end; q++) {
        const j = Math.floor(q / height);
        const at = ((q - j * height) * width + j) * 3;
        rgb[at] = red;
        rgb[at + 1] = green;
        rgb[at + 2] = blue;
      }
    }
  }
  return rgb;
}
