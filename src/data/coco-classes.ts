import { BACKGROUND, type ClassId } from "../core/label-map.ts";
import { isBackgroundName } from "./class-list.ts";
import { collectProblems, quote } from "./problems.ts";

export interface CocoCategory {
  readonly id: number;
  readonly name: string;
  /** What it is a kind or a part of, where the file says it. */
  readonly supercategory?: string;
}

/** Categories of one name are told apart by their supercategories: "Car Body" and "Boat Body", as in PartImageNet's list. */
export function nameCategories(
  categories: readonly (Omit<CocoCategory, "supercategory"> & { readonly supercategory?: unknown })[],
): CocoCategory[] {
  const counts = new Map<string, number>();
  for (const { name } of categories) counts.set(name, (counts.get(name) ?? 0) + 1);
  return categories.map(({ id, name, supercategory }) => {
    if (typeof supercategory !== "string" || supercategory === "") return { id, name };
    const isShared = (counts.get(name) as number) > 1;
    return { id, name: isShared ? `${supercategory} ${name}` : name, supercategory };
  });
}

/**
 * Class names and the class id of each category. Without a list of ours, categories take the class ids 1, 2, … in
 * the order of their ids, and one that is called background is 0. With a list they are found by name.
 *
 * @throws MaskwrightError BAD_FORMAT that names the categories which the list does not have; without a list, those of one name
 */
export function cocoClasses(
  { categories }: { readonly categories: readonly CocoCategory[] },
  where: string,
  list?: readonly string[],
): { readonly classes: readonly string[]; readonly classIds: ReadonlyMap<number, ClassId> } {
  const sorted = [...categories].sort((a, b) => a.id - b.id);
  const foreground = sorted.filter(({ name }) => !isBackgroundName(name));
  const problems = collectProblems(where);
  const classIds = new Map<number, ClassId>();
  for (const { id, name } of sorted) if (isBackgroundName(name)) classIds.set(id, BACKGROUND);
  const names = new Set<string>();
  for (const [k, { id, name }] of foreground.entries()) {
    const classId = list === undefined ? k + 1 : list.indexOf(name);
    if (classId < 0) problems.add("categories", "names of the class list", quote(name));
    if (list === undefined && names.has(name)) problems.add("categories", "each name once", quote(name));
    names.add(name);
    classIds.set(id, classId);
  }
  problems.throwIfAny(
    list === undefined ? "With --classes FILE, categories of one name are one class." : undefined,
  );
  return { classes: list ?? ["background", ...foreground.map(({ name }) => name)], classIds };
}
