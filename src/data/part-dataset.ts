import { BACKGROUND, type ClassId } from "../core/label-map.ts";
import { type CocoDataset, decodeCoco } from "./coco.ts";
import { cocoClasses } from "./coco-classes.ts";
import { readJsonFile } from "./json-file.ts";

/** A COCO file of parts, read with its flaws. */
export interface PartDataset {
  readonly dataset: CocoDataset;
  /** index = class id, 0 = background */
  readonly classes: readonly string[];
  /** Class id of each category id. */
  readonly classIds: ReadonlyMap<number, ClassId>;
  /** What each class is a part of, by the supercategories of the file; null where it says none. */
  readonly objects: readonly (string | null)[];
  /** Ids of annotations left out: those whose first polygon is a point or a line. */
  readonly leftOut: readonly number[];
}

/** The parts of a COCO JSON file, plain or .gz; see `decodeParts`. */
export async function readParts(path: string, classes?: readonly string[]): Promise<PartDataset> {
  return decodeParts(await readJsonFile(path), path, classes);
}

/**
 * COCO JSON of parts, with any category ids. Annotations whose first polygon has fewer than three corners, of which PartImageNet has some, are
 * left out, as in WPS-SAM's published code; such a polygon after the first holds no pixel and is passed over. Everything else that is wrong is
 * refused as `decodeCoco` does.
 *
 * @param classes  index = class id, 0 = background: categories are found by name. When the file names none,
 *                 category id c is class c + 1 of the list. Without a list, categories take the class ids 1, 2, … by their ids.
 * @throws MaskwrightError BAD_FORMAT that lists what is wrong
 */
export function decodeParts(value: unknown, where: string, classes?: readonly string[]): PartDataset {
  const { annotations, categories } = Object(value) as { annotations?: unknown; categories?: unknown };
  const leftOut: number[] = [];
  // All of them stay in the list, so that its places are those of the file.
  const kept = Array.isArray(annotations)
    ? annotations.map((annotation: unknown) => {
        const { id, segmentation } = Object(annotation) as { id: number; segmentation?: unknown };
        if (!Array.isArray(segmentation) || !segmentation.some(isLine)) return annotation;
        if (isLine(segmentation[0])) leftOut.push(id);
        return { ...Object(annotation), segmentation: segmentation.filter((polygon) => !isLine(polygon)) };
      })
    : annotations;
  const isBare = classes !== undefined && !hasNames(categories);
  const listed = isBare ? classes.slice(1).map((name, id) => ({ id, name })) : categories;
  const dataset = without(
    decodeCoco({ ...Object(value), annotations: kept, categories: listed }, where),
    new Set(leftOut),
  );
  const { classes: names, classIds } = isBare
    ? { classes, classIds: new Map(classes.slice(1).map((_, id): [number, ClassId] => [id, id + 1])) }
    : cocoClasses(dataset, where, classes);
  const objects = names.map((): string | null => null);
  for (const { id, supercategory } of dataset.categories) {
    const classId = classIds.get(id);
    if (classId !== undefined && classId !== BACKGROUND) objects[classId] = supercategory ?? null;
  }
  return { dataset, classes: names, classIds, objects, leftOut };
}

/** A polygon that holds nothing. */
function isLine(polygon: unknown): boolean {
  return Array.isArray(polygon) && polygon.length <= 4 && polygon.every((value) => typeof value === "number");
}

function without(dataset: CocoDataset, ids: ReadonlySet<number>): CocoDataset {
  if (ids.size === 0) return dataset;
  const images = dataset.images.map((image) => ({
    ...image,
    instances: image.instances.filter(({ id }) => !ids.has(id)),
  }));
  return { ...dataset, images };
}

function hasNames(categories: unknown): boolean {
  return Array.isArray(categories) && categories.some((each) => Object(each).name !== undefined);
}
