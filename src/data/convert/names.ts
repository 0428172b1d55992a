import { type ClassId, IGNORE } from "../../core/label-map.ts";
import { collectProblems, quote } from "../problems.ts";

/**
 * Class names, and the class id of each name that a data set brings: by the list where one is given, otherwise 1, 2, 3, …
 *
 * @param names  without the background
 * @throws MaskwrightError BAD_FORMAT that lists the names which the list does not have, or for more than 254 names
 */
export function matchClasses(
  names: readonly string[],
  where: string,
  list?: readonly string[],
): { readonly classes: readonly string[]; readonly classIds: readonly ClassId[] } {
  const problems = collectProblems(where);
  if (list === undefined && names.length >= IGNORE)
    problems.add("classes", `at most ${IGNORE - 1} classes`, String(names.length), "leave out classes");
  const classIds = names.map((name, k) => {
    if (list === undefined) return k + 1;
    const classId = list.indexOf(name);
    if (classId < 0) problems.add("classes", "names of the class list", quote(name), "check --classes");
    return classId;
  });
  problems.throwIfAny();
  return { classes: list ?? ["background", ...names], classIds };
}
