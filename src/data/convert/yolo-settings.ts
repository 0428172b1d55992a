import { join, posix } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { badFormat } from "../../core/error.ts";
import { decodeText, readBytes } from "../json-file.ts";
import { containedPath } from "../paths.ts";
import { addIssues, collectProblems, quote } from "../problems.ts";

export const SETTINGS = "data.yaml";

const folders = z.union([z.string(), z.array(z.string())], "a folder, or a list of folders").nullish();
const shape = z.looseObject(
  {
    train: folders,
    val: folders,
    validation: folders,
    test: folders,
    names: z.union(
      [z.array(z.string()), z.record(z.string(), z.string())],
      "a list of names, or names by number",
    ),
  },
  "a mapping with train, val and names",
);

export async function readSettings(
  root: string,
): Promise<{ names: string[]; splits: { split: string; folder: string }[] }> {
  const path = join(root, SETTINGS);
  const document = parseDocument(decodeText(await readBytes(path, 2 ** 20), path));
  const problems = collectProblems(path);
  for (const { linePos, message } of document.errors)
    problems.add(`line ${linePos?.[0].line ?? 1}`, "YAML", quote(message.split("\n")[0]));
  problems.throwIfAny();
  const value = unfold(document, path);
  const parsed = shape.safeParse(value);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny();
  const { names, val, validation, ...rest } = parsed.data as z.infer<typeof shape>;
  // Other splits than Ultralytics' own three have, as we write them, a folder of their name.
  const isSplit = ([key, value]: [string, unknown]): boolean =>
    key === "train" || key === "test" || value === `images/${key}`;
  const given = [...Object.entries(rest).filter(isSplit), ["val", val ?? validation] as const];
  const splits = given.flatMap(([split, value]) =>
    [(value ?? []) as string | string[]]
      .flat()
      .map((folder) => ({ split, folder: folderOf(root, folder, split) })),
  );
  // A validation set that is the training set, as we write it when there is none, is no split.
  const unique = splits.filter(({ folder }, k) => splits.findIndex((other) => other.folder === folder) === k);
  return { names: orderedNames(names, path), splits: unique };
}

/** Aliases that unfold a hundred times over are refused: a kilobyte of them can fill the memory. */
function unfold(document: ReturnType<typeof parseDocument>, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw badFormat(path, "YAML of few aliases", (error as Error).message);
  }
}

/** A folder of photos by its path in the data set. As Ultralytics does, "../" before a folder that lies here is passed over. */
function folderOf(root: string, folder: string, split: string): string {
  const trimmed = posix.normalize(folder).replace(/\/+$/, "");
  const inside = trimmed.replace(/^\.\.\//, "");
  containedPath(root, inside, `${join(root, SETTINGS)}: ${split}`);
  if (inside.endsWith(".txt"))
    throw badFormat(`${join(root, SETTINGS)}: ${split}`, "a folder of photos", `a list: ${quote(folder)}`);
  return inside;
}

function orderedNames(names: string[] | Record<string, string>, path: string): string[] {
  if (Array.isArray(names)) return names;
  const count = Object.keys(names).length;
  return Array.from({ length: count }, (_, k) => {
    const name = names[String(k)];
    if (name === undefined) throw badFormat(`${path}: names`, `names for 0..${count - 1}`, `none for ${k}`);
    return name;
  });
}
