import { z } from "zod";
import { type Box, boxFromCoco, type Size } from "../core/geometry.ts";
import { BACKGROUND, type ClassId } from "../core/label-map.ts";
import { checkSize } from "../core/limits.ts";
import type { LabeledBox } from "../core/weak-label.ts";
import { type CocoCategory, nameCategories } from "./coco-classes.ts";
import { type CocoSegmentation, readSegmentation } from "./coco-segmentation.ts";
import { type CocoImageJson, cocoCategory, cocoId, cocoImages } from "./coco-shape.ts";
import { readJsonFile } from "./json-file.ts";
import { pathFault, pictureId } from "./picture-id.ts";
import { addIssues, collectProblems, type Problems, quote } from "./problems.ts";

export interface CocoInstance {
  readonly id: number;
  readonly categoryId: number;
  readonly segmentation: CocoSegmentation;
  readonly box: Box | null;
  /** As the file says, or null; the true area is that of the mask. */
  readonly area: number | null;
  readonly isCrowd: boolean;
}

export interface CocoImage extends Size {
  /** COCO's number. */
  readonly imageId: number;
  /** Our id: the file's path without extension. */
  readonly id: string;
  readonly file: string;
  /** In file order. */
  readonly instances: readonly CocoInstance[];
}

export interface CocoDataset {
  readonly categories: readonly CocoCategory[];
  /** In file order. */
  readonly images: readonly CocoImage[];
}

const number = z.number("a number");
const shape = z.object(
  {
    images: cocoImages,
    annotations: z.array(
      z.object(
        {
          id: cocoId,
          image_id: cocoId,
          category_id: cocoId,
          // Checked by hand: most numbers of a file are in here.
          segmentation: z.unknown().optional(),
          bbox: z.tuple([number, number, number, number], "[x, y, width, height]").nullish(),
          area: number.min(0, "a number of at least 0").nullish(),
          iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()], "0 or 1").nullish(),
        },
        "an object",
      ),
      "a list",
    ),
    categories: z.array(cocoCategory, "a list"),
  },
  "an object with images, annotations and categories",
);
type Shape = z.infer<typeof shape>;

/** The instances of a COCO JSON file, plain or .gz; see `decodeCoco`. */
export async function readCoco(path: string): Promise<CocoDataset> {
  return decodeCoco(await readJsonFile(path), path);
}

/**
 * The images of COCO instance JSON with their instances: polygons, both run-length forms, crowds, category ids
 * with gaps. Run lengths are decoded; polygons are checked and stay polygons, see `cocoMask`.
 *
 * Polygons may leave the picture, as annotators let them, and are cut at its edge when drawn; one that lies
 * outside altogether or reaches beyond by more than a picture's side is refused.
 *
 * @param where what to call the file in an error
 * @throws MaskwrightError BAD_FORMAT that lists what is wrong by JSON path: shapes of values, repeated ids, image
 *         or category ids that are nowhere, paths that leave the folder, sizes that disagree, run lengths that
 *         do not sum to H·W
 */
export function decodeCoco(value: unknown, where: string): CocoDataset {
  const problems = collectProblems(where);
  const parsed = shape.safeParse(value);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny();
  const { images, annotations, categories } = parsed.data as Shape;
  const byImage = readImages(images, problems);
  const categoryIds = new Set<number>();
  for (const [i, category] of categories.entries()) {
    if (categoryIds.has(category.id))
      problems.add(`categories[${i}].id`, "each id once", `${category.id} again`);
    categoryIds.add(category.id);
  }
  const ids = new Set<number>();
  for (const [i, annotation] of annotations.entries()) {
    const place = `annotations[${i}]`;
    const image = byImage.get(annotation.image_id);
    if (ids.has(annotation.id)) problems.add(`${place}.id`, "each id once", `${annotation.id} again`);
    ids.add(annotation.id);
    if (!categoryIds.has(annotation.category_id)) {
      problems.add(`${place}.category_id`, "the id of a category", `${annotation.category_id}`);
    }
    if (image === undefined) {
      problems.add(`${place}.image_id`, "the id of an image", `${annotation.image_id}`);
    } else image.instances.push(readInstance(annotation, image, place, problems));
  }
  problems.throwIfAny();
  return { categories: nameCategories(categories), images: [...byImage.values()] };
}

/**
 * The images by our ids.
 *
 * @throws MaskwrightError BAD_FORMAT for two of one id: "a.jpg" and "a.png" are two images in COCO, but one picture here
 */
export function imagesById({ images }: CocoDataset, where: string): Map<string, CocoImage> {
  const byId = new Map<string, CocoImage>();
  const problems = collectProblems(where);
  for (const image of images) {
    const other = byId.get(image.id);
    if (other !== undefined)
      problems.add("images", `one picture for ${image.id}`, `${other.file} and ${image.file}`);
    byId.set(image.id, image);
  }
  problems.throwIfAny(
    "A picture is known by its name without the extension: rename or remove one of the two.",
  );
  return byId;
}

/** The boxes of an image as weak labels; without crowds, the background, and instances that have no box. */
export function cocoBoxes({ instances }: CocoImage, classIds: ReadonlyMap<number, ClassId>): LabeledBox[] {
  return instances.flatMap(({ box, isCrowd, categoryId }) => {
    const classId = classIds.get(categoryId) as ClassId;
    return box === null || isCrowd || classId === BACKGROUND ? [] : [{ ...box, classId }];
  });
}

/** How many instances have no box that holds anything, where `cocoBoxes` is asked; crowds and the background aside. */
export function countBoxless({ images }: CocoDataset, classIds: ReadonlyMap<number, ClassId>): number {
  const isBoxless = ({ box, isCrowd, categoryId }: CocoInstance): boolean =>
    box === null && !isCrowd && classIds.get(categoryId) !== BACKGROUND;
  return images.reduce((sum, { instances }) => sum + instances.filter(isBoxless).length, 0);
}

/** The classes in an image, ascending, background left out: tags as weak labels. Crowds count. */
export function cocoTags({ instances }: CocoImage, classIds: ReadonlyMap<number, ClassId>): ClassId[] {
  const present = new Set(instances.map(({ categoryId }) => classIds.get(categoryId) as ClassId));
  present.delete(BACKGROUND);
  return [...present].sort((a, b) => a - b);
}

type OpenImage = CocoImage & { readonly instances: CocoInstance[] };

function readImages(images: readonly CocoImageJson[], problems: Problems): Map<number, OpenImage> {
  const byImage = new Map<number, OpenImage>();
  const files = new Set<string>();
  for (const [i, { id, file_name: file, height, width }] of images.entries()) {
    const place = `images[${i}]`;
    const fault = pathFault(file);
    if (fault !== null)
      problems.add(`${place}.file_name`, "a path in the image folder", `${fault}: ${quote(file)}`);
    if (files.has(file)) problems.add(`${place}.file_name`, "each file once", `${quote(file)} again`);
    if (byImage.has(id)) problems.add(`${place}.id`, "each id once", `${id} again`);
    files.add(file);
    problems.attempt(() => checkSize(place, { height, width }));
    byImage.set(id, { imageId: id, id: pictureId(file), file, height, width, instances: [] });
  }
  return byImage;
}

function readInstance(
  { id, category_id, segmentation, bbox, area, iscrowd }: Shape["annotations"][number],
  size: Size,
  place: string,
  problems: Problems,
): CocoInstance {
  if (bbox && (bbox[2] < 0 || bbox[3] < 0))
    problems.add(`${place}.bbox`, "a width and height of at least 0", quote(bbox));
  return {
    id,
    categoryId: category_id,
    segmentation: readSegmentation(segmentation, size, `${place}.segmentation`, problems),
    // COCO has boxes without width or height: those hold nothing.
    box: bbox && bbox[2] > 0 && bbox[3] > 0 ? boxFromCoco(bbox) : null,
    area: area ?? null,
    isCrowd: iscrowd === 1 || iscrowd === true,
  };
}
