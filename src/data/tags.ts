import { badFormat } from "../core/error.ts";
import type { ClassId } from "../core/label-map.ts";
import type { WeakLabel } from "../core/weak-label.ts";
import { parseCsv } from "./csv.ts";
import { parseJson } from "./json-file.ts";
import { pathFault, pictureId } from "./picture-id.ts";
import { collectProblems, type Problems, quote } from "./problems.ts";

/** The weak labels of a file by picture id, in file order. */
export type WeakLabels<K extends WeakLabel["kind"] = WeakLabel["kind"]> = ReadonlyMap<
  string,
  Extract<WeakLabel, { readonly kind: K }>
>;

/**
 * Tags from `tags.csv`: columns `file,tags`, tags separated by ";". A picture without tags has none of the
 * classes. Each picture stands once; its classes come back ascending, repeated ones once.
 *
 * @param classes index = class id; a tag is one of the names or an id
 */
export function decodeTagsCsv(
  bytes: Uint8Array,
  where: string,
  classes: readonly string[],
): WeakLabels<"tags"> {
  const problems = collectProblems(where);
  const rows = parseCsv(bytes, where, { required: ["file", "tags"] }, problems);
  const entries = rows.map(({ line, fields }) => {
    const tags = fields.tags.split(";").map((tag) => tag.trim());
    return { place: `line ${line}`, file: fields.file, tags: tags.filter((tag) => tag !== "") };
  });
  return gatherTags(entries, classes, problems);
}

/** Tags from JSON: `{ file: [class, …] }`, where a file may be a picture id and a class is a name or an id. */
export function decodeTagsJson(
  bytes: Uint8Array,
  where: string,
  classes: readonly string[],
): WeakLabels<"tags"> {
  const value = parseJson(bytes, where);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badFormat(where, "an object { file: [class, …] }", quote(value));
  }
  const problems = collectProblems(where);
  const entries = Object.entries(value).map(([file, tags]) => ({ place: quote(file), file, tags }));
  return gatherTags(entries, classes, problems);
}

interface TagsEntry {
  readonly place: string;
  readonly file: string;
  readonly tags: unknown;
}

function gatherTags(
  entries: readonly TagsEntry[],
  classes: readonly string[],
  problems: Problems,
): WeakLabels<"tags"> {
  const result = new Map<string, { kind: "tags"; classes: ClassId[] }>();
  const findClass = classFinder(classes);
  for (const { place, file, tags } of entries) {
    const id = checkFile(file, place, problems);
    if (result.has(id)) problems.add(place, "each picture once", `${quote(file)} again`);
    if (!Array.isArray(tags)) {
      problems.add(place, "a list of classes", quote(tags));
      continue;
    }
    const found = tags.map((tag, i) => findClass(tag, `${place}, tag ${i + 1}`, problems));
    result.set(id, { kind: "tags", classes: [...new Set(found)].sort((a, b) => a - b) });
  }
  problems.throwIfAny();
  return result;
}

/** The picture id of a `file` field; a path that leaves the folder is a problem. */
export function checkFile(file: string, place: string, problems: Problems): string {
  const fault = pathFault(file);
  const hint = 'files are named by their paths in the folder of images, with "/" between names';
  if (fault !== null) problems.add(place, "a path in the image folder", `${fault}: ${quote(file)}`, hint);
  return pictureId(file);
}

/** Looks classes up by name, or else by id (1 to the last); anything else is a problem, with the names as its hint, and NaN. */
export function classFinder(
  classes: readonly string[],
): (value: unknown, place: string, problems: Problems) => ClassId {
  const ids = new Map(classes.map((name, id) => [name, id]));
  const hint = classHint(classes);
  return (value, place, problems) => {
    const text = typeof value === "number" ? String(value) : value;
    if (typeof text === "string") {
      const id = ids.get(text) ?? (/^\d+$/.test(text) ? Number(text) : 0);
      if (id >= 1 && id < classes.length) return id;
    }
    problems.add(place, `a class name or an id 1..${classes.length - 1}`, quote(value), hint);
    return Number.NaN;
  };
}

/** The class names: most mistakes are a list for another data set. */
function classHint(classes: readonly string[]): string {
  const names = classes.slice(1, 31).join(", ");
  return `classes are ${names}${classes.length > 31 ? ", …" : ""}; another list is given by --classes`;
}
