import { badFormat, MaskwrightError } from "../../core/error.ts";
import { type ClassId, IGNORE } from "../../core/label-map.ts";
import { maskToPolygons } from "../../core/polygon.ts";
import { decodeRle, type Rle, rleArea, rleBox } from "../../core/rle.ts";
import { type CocoDataset, type CocoImage, readCoco } from "../coco.ts";
import { cocoClasses } from "../coco-classes.ts";
import { cocoMask } from "../coco-segmentation.ts";
import { type CocoJson, cocoBoxJson, toRleJson } from "../coco-write.ts";
import { openCocoFile } from "./coco-file.ts";
import type { AnnotationFormat, CreateOptions } from "./format.ts";
import type { AnnotatedPicture, Annotation, AnnotationSource, AnnotationTarget } from "./picture.ts";

/** COCO instance JSON; polygons stay the polygons they are. */
export const cocoPolygons: AnnotationFormat = cocoFormat("polygons");

/** COCO instance JSON with run lengths. */
export const cocoRle: AnnotationFormat = cocoFormat("rle");

function cocoFormat(segmentation: "polygons" | "rle"): AnnotationFormat {
  return {
    output: "file",
    holds: {
      objects: true,
      overlaps: true,
      layers: false,
      ignore: false,
      crowds: true,
      splits: false,
      categoryIds: true,
    },
    photos: "none",
    open: async (path, { classes }) => cocoSource(await readCoco(path), path, classes?.classes),
    create: (path, options) => createCoco(path, segmentation, options),
  };
}

function cocoSource(dataset: CocoDataset, path: string, list?: readonly string[]): AnnotationSource {
  const { classes, classIds } = cocoClasses(dataset, path, list);
  const { images } = dataset;
  checkIds(images, path);
  return {
    classes,
    isNumbered: false,
    categoryIds: categoryIdsOf(classIds),
    ids: images.map(({ id }) => id),
    splits: [],
    isLayered: false,
    hasObjects: true,
    read: (n) => inFile(path, () => drawImage(images[n], classIds)),
  };
}

/** The category of each class, index = class id; classes without one have a hole. */
export function categoryIdsOf(classIds: ReadonlyMap<number, ClassId>): number[] {
  const categoryIds: number[] = [];
  for (const [categoryId, classId] of classIds) categoryIds[classId] = categoryId;
  return categoryIds;
}

function drawImage(image: CocoImage, classIds: ReadonlyMap<number, ClassId>): AnnotatedPicture {
  const { height, width, id, file } = image;
  const annotations = image.instances.map((instance): Annotation => {
    const { segmentation, isCrowd, categoryId } = instance;
    const classId = classIds.get(categoryId) as ClassId;
    if (classId >= IGNORE) {
      const expected = `a class id below ${IGNORE}`;
      throw badFormat(`annotation ${instance.id}`, expected, String(classId), "Leave out categories.");
    }
    const outlines = segmentation.kind === "polygons" ? { polygons: segmentation.polygons } : {};
    return { classId, rle: cocoMask(instance, image), isCrowd, ...outlines };
  });
  return { height, width, id, file, split: null, annotations, ignore: null, photo: null, leftOut: {} };
}

/** "a.jpg" and "a.png" are two images in COCO, but one picture here. */
export function checkIds(
  images: readonly { readonly id: string; readonly file: string }[],
  where: string,
): void {
  const files = new Map<string, string>();
  for (const { id, file } of images) {
    const other = files.get(id);
    if (other !== undefined)
      throw badFormat(`${where}: images`, "one image for each label map", `${other} and ${file}`);
    files.set(id, file);
  }
}

/** Adds the file to what the drawing of an annotation throws. */
function inFile<T>(path: string, draw: () => T): T {
  try {
    return draw();
  } catch (cause) {
    if (!(cause instanceof MaskwrightError)) throw cause;
    const hint = cause.hint === undefined ? {} : { hint: cause.hint };
    throw new MaskwrightError(cause.code, `${path}: ${cause.message}`, { ...hint, cause });
  }
}

function createCoco(
  path: string,
  segmentation: "polygons" | "rle",
  { categoryIds }: CreateOptions,
): AnnotationTarget {
  const coco = openCocoFile(path);
  const numbers = categoryNumbers(categoryIds);
  let count = 0;
  return {
    write({ id, file, height, width, annotations }) {
      const imageId = coco.addImage(file ?? `${id}.jpg`, { height, width });
      for (const annotation of annotations) {
        const { rle, classId, isCrowd } = annotation;
        coco.addAnnotation({
          area: rleArea(rle),
          bbox: cocoBoxJson(rleBox(rle)),
          category_id: numbers(classId),
          id: ++count,
          image_id: imageId,
          iscrowd: isCrowd ? 1 : 0,
          segmentation: segmentationJson(annotation, segmentation),
        });
      }
    },
    finish: (classes) => coco.finish(categoriesJson(classes, numbers)),
  };
}

/** A crowd has run lengths in every COCO file: pycocotools draws it from nothing else. */
function segmentationJson({ rle, polygons, isCrowd }: Annotation, form: "polygons" | "rle"): unknown {
  return form === "rle" || isCrowd ? toRleJson(rle) : (polygons ?? outlinesOf(rle));
}

/** The outlines of a mask along pixel edges; see `maskToPolygons`. */
export function outlinesOf(rle: Rle): readonly (readonly number[])[] {
  return maskToPolygons(decodeRle(rle));
}

/** The number of each class, for those without one the next free one. */
export function categoryNumbers(categoryIds: readonly number[] = []): (classId: ClassId) => number {
  const numbers = [...categoryIds];
  const taken = new Set(numbers);
  let next = 1;
  return (classId) => {
    if (categoryIds.length === 0) return classId;
    if (numbers[classId] === undefined) {
      while (taken.has(next)) next++;
      taken.add(next);
      numbers[classId] = next;
    }
    return numbers[classId];
  };
}

/** COCO's categories: the classes without the background. */
export function categoriesJson(
  classes: readonly string[],
  numbers: (classId: ClassId) => number,
): CocoJson["categories"] {
  return classes.slice(1).map((name, k) => ({ id: numbers(k + 1), name }));
}
