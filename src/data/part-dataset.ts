import type { ClassId } from "../core/label-map.ts";
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
  /** Ids of annotations left out: those whose first polygon is a point or a line. */
  readonly leftOut: readonly number[];
}

/** The parts of a COCO JSON file, plain or .gz; see `decodeParts`. */
export async function readParts(path: string, classes?: readonly string[]): Promise<PartDataset> {
  return decodeParts(await readJsonFile(path), path, classes);
}

/**
 * COCO JSON of parts, with any category ids. Annotations whose first polygon has fewer than three corners, of which PartImageNet has some, are
 * left out, as in WPS-SAM's published code; everything else that is wrong is refused as `decodeCoco` does.
 *
 * @param classes  index = class id, 0 = background: categories are found by name. When the file names none,
 *                 category id c is class c + 1 of the list. Without a list, categories take the class ids 1, 2, … by their ids.
 * @throws MaskwrightError BAD_FORMAT that lists what is wrong
 */
export function decodeParts(value: unknown, where: string, classes?: readonly string[]): PartDataset {
  const { annotations, categories } = Object(value) as { annotations?: unknown; categories?: unknown };
  const leftOut: number[] = [];
  const kept = Array.isArray(annotations)
    ? annotations.filter((annotation: unknown) => {
        if (!isDegenerate(annotation)) return true;
        leftOut.push((annotation as { id: number }).id);
        return false;
      })
    : annotations;
  const isBare = classes !== undefined && !hasNames(categories);
  const listed = isBare ? classes.slice(1).map((name, id) => ({ id, name })) : categories;
  const dataset = decodeCoco({ ...Object(value), annotations: kept, categories: listed }, where);
  const known = isBare
    ? { classes, classIds: new Map(classes.slice(1).map((_, id): [number, ClassId] => [id, id + 1])) }
    : cocoClasses(dataset, where, classes);
  return { dataset, ...known, leftOut };
}

function isDegenerate(annotation: unknown): boolean {
  const { segmentation } = Object(annotation) as { segmentation?: unknown };
  const first: unknown = Array.isArray(segmentation) ? segmentation[0] : undefined;
  return Array.isArray(first) && first.length <= 4 && first.every((value) => typeof value === "number");
}

function hasNames(categories: unknown): boolean {
  return Array.isArray(categories) && categories.some((each) => Object(each).name !== undefined);
}
