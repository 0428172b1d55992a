import { type Document, LineCounter, parseDocument } from "yaml";
import { badFormat, MaskwrightError } from "../../core/error.ts";
import { quote } from "../../data/problems.ts";
import { offsetOf } from "./key-position.ts";
import { nearestName } from "./nearest-name.ts";
import type { Method, Recipe } from "./recipe.ts";
import { applySetting, isRecord, type Setting, withPaths } from "./recipe-settings.ts";
import { recipeShapes } from "./schema.ts";
import { keysAt } from "./schema-keys.ts";

/** A recipe as it is written. */
export interface RecipeText {
  /** What messages call it: its file, or its name. */
  readonly name: string;
  readonly text: string;
  /** The folder that its relative paths start from. */
  readonly folder: string;
}

/** One thing wrong with a recipe. */
interface Fault {
  /** "recipe.yaml:12 segmenter.steps", or "--set segmenter.steps" */
  readonly where: string;
  readonly expected: string;
  readonly got: string;
}

/** Faults that one message lists. */
const LISTED = 20;
/** Names that a YAML may use again by aliases: more would be a bomb. */
const MAX_ALIASES = 100;

/**
 * A recipe with what is set in its place, checked. Relative paths start from the recipe's folder, those that are set from the current one.
 *
 * @throws MaskwrightError BAD_FORMAT that lists all that is wrong, each with its line and key
 */
export function readRecipe(source: RecipeText, settings: readonly Setting[] = []): Recipe {
  const { name, text, folder } = source;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineOf = (offset: number): number => lines.linePos(offset).line;
  const [error] = document.errors;
  if (error !== undefined) {
    const [reason] = error.message.split(/ at line |:?\n/);
    throw badFormat(`${name}:${lineOf(error.pos[0])}`, "YAML", reason);
  }
  const root = valueOfDocument(document, name);
  if (!isRecord(root)) throw badFormat(name, "keys and values, such as `method: tags`", quote(root));
  const value = withPaths(root, folder);
  for (const setting of settings) applySetting(setting, value);

  const settingOf = (path: readonly PropertyKey[]): string | undefined => {
    const key = path.join(".");
    const isNew = !document.hasIn(path);
    return settings.find(
      (each) => `${key}.`.startsWith(`${each.key}.`) || (isNew && each.key.startsWith(`${key}.`)),
    )?.key;
  };
  const whereOf = (path: readonly PropertyKey[]): string => {
    const key = path.join(".");
    const set = settingOf(path);
    if (set !== undefined) return `--set ${set.startsWith(key) ? set : key}`;
    return `${name}:${lineOf(offsetOf(document.contents, path))} ${key}`;
  };
  const parsed = parseValue(value, whereOf);
  if (Array.isArray(parsed)) throw faulty(name, parsed);
  return parsed;
}

function valueOfDocument(document: Document, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    throw badFormat(name, `YAML with at most ${MAX_ALIASES} aliases`, (cause as Error).message);
  }
}

/** The recipe that a value is, or what is wrong with it. */
function parseValue(
  value: Readonly<Record<string, unknown>>,
  whereOf: (path: readonly PropertyKey[]) => string,
): Recipe | Fault[] {
  const methods = Object.keys(recipeShapes);
  const { method } = value;
  if (typeof method !== "string" || !methods.includes(method)) {
    const near = typeof method === "string" ? nearestName(method, methods) : null;
    const expected =
      near === null ? `one of ${methods.join(", ")}` : `${near}, or another of ${methods.join(", ")}`;
    return [{ where: whereOf(["method"]), expected, got: quote(method) }];
  }
  const shape = recipeShapes[method as Method];
  const result = shape.safeParse(value);
  if (result.success) return result.data as Recipe;
  return result.error.issues.flatMap((issue): Fault[] => {
    if (issue.code === "unrecognized_keys") {
      const known = keysAt(shape, issue.path);
      return issue.keys.map((key) => {
        const owner = issue.path.length === 0 ? `the method ${method}` : issue.path.join(".");
        const expected = `a key of ${owner}, such as ${nearestName(key, known) ?? known.join(", ")}`;
        return { where: whereOf([...issue.path, key]), expected, got: quote(key) };
      });
    }
    return [{ where: whereOf(issue.path), expected: issue.message, got: quote(valueAt(value, issue.path)) }];
  });
}

function faulty(name: string, faults: readonly Fault[]): MaskwrightError {
  const lines = faults
    .slice(0, LISTED)
    .map(({ where, expected, got }) => `${where}: expected ${expected}, got ${got}`);
  if (faults.length > LISTED) lines.push(`and ${faults.length - LISTED} more`);
  const message =
    lines.length === 1 ? lines[0] : [`${name}: ${faults.length} problems`, ...lines].join("\n  ");
  return new MaskwrightError("BAD_FORMAT", message, {
    hint: "docs/recipes.md lists the keys of each method.",
  });
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    root,
  );
}
