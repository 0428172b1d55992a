import { badFormat } from "../../core/error.ts";
import { type ClassId, foregroundClasses } from "../../core/label-map.ts";
import { readLabelMap } from "../../data/label-file.ts";

/**
 * The classes that a photo's label map shows, ascending.
 *
 * @throws MaskwrightError NOT_FOUND; BAD_FORMAT, with the path, for what is no label map, and for ids that are none of the classes
 */
export function readSeedClasses(path: string, classCount: number): readonly ClassId[] {
  const classes = foregroundClasses(readLabelMap(path));
  const last = classes.at(-1) ?? 0;
  if (last <= classCount) return classes;
  throw badFormat(
    path,
    `class ids from 0 to ${classCount}, or 255 for pixels to ignore`,
    `${last}`,
    "--classes must be the list that the label maps were made with.",
  );
}
