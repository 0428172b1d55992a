import { z } from "zod";
import { badFormat } from "../../core/error.ts";
import { formatSize, isSameSize, type Size } from "../../core/geometry.ts";
import { type ClassId, IGNORE } from "../../core/label-map.ts";
import { checkSize } from "../../core/limits.ts";
import { idsToRles, type Rle } from "../../core/rle.ts";
import { cocoClasses, nameCategories } from "../coco-classes.ts";
import { cocoCategory, cocoId, cocoImages } from "../coco-shape.ts";
import { containedPath, readFileBytes } from "../paths.ts";
import { pathFault, pictureId } from "../picture-id.ts";
import { decodePng } from "../png-decode.ts";
import { addIssues, collectProblems, quote } from "../problems.ts";
import { categoryIdsOf, checkIds } from "./coco.ts";
import { type AnnotatedPicture, type Annotation, type AnnotationSource, bare } from "./picture.ts";

const shape = z.object(
  {
    images: cocoImages,
    annotations: z.array(
      z.object(
        {
          image_id: cocoId,
          file_name: z.string("a text"),
          segments_info: z.array(
            z.object(
              {
                id: cocoId.min(1, "an id from 1").max(0xffffff, "an id of 24 bits"),
                category_id: cocoId,
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
    categories: z.array(cocoCategory.extend({ isthing: z.int("0 or 1").nullish() }), "a list"),
  },
  "an object with images, annotations and categories",
);
type Shape = z.infer<typeof shape>;

export function panopticSource(value: unknown, path: string, list?: readonly string[]): AnnotationSource {
  const problems = collectProblems(path);
  const parsed = shape.safeParse(value);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny();
  const { images, annotations, categories } = parsed.data as Shape;
  const { classes, classIds } = cocoClasses({ categories: nameCategories(categories) }, path, list);
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
