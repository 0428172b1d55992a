import { existsSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { stringify } from "yaml";
import { MaskwrightError } from "../../core/error.ts";
import { classSetNames } from "../../data/class-list.ts";
import { writeAtomically } from "../files.ts";
import { readRecipe } from "./read-recipe.ts";
import { findRecipe, schemaFile } from "./shipped-recipes.ts";

/** What a new recipe has in place of the shipped one's. */
export interface RecipeAnswers {
  /** The shipped recipe it is made of. */
  readonly recipe: string;
  readonly images: string;
  /** Labels of whatever kind the recipe is for. */
  readonly labels: string;
  /** A list's name, a file, or names. Null leaves it to the labels. */
  readonly classes: string | readonly string[] | null;
  readonly truth: string | null;
  /** Null leaves it to the shipped recipe. */
  readonly model: string | null;
  readonly machine: Machine;
}

/** How large the machine is that the recipe is for. */
export type Machine = "laptop" | "gpu";

/** The key that a recipe's labels stand at. */
export const labelKeys: Readonly<Record<string, string>> = {
  sepl: "labels",
  tags: "tags",
  "fma-voc": "tags",
  "fma-coco": "tags",
  boxes: "boxes",
  offline: "boxes",
  points: "points",
  parts: "boxes",
  "wps-partimagenet": "parts",
};

/**
 * Writes a recipe with its comments, to be edited. Paths start from the recipe's folder; those in the answers from the current one.
 *
 * @throws MaskwrightError INVALID_ARGUMENT when the file is there; BAD_FORMAT when the answers make no recipe
 */
export async function writeRecipe(file: string, answers: RecipeAnswers): Promise<void> {
  if (existsSync(file))
    throw new MaskwrightError("INVALID_ARGUMENT", `${file}: expected no file there, got one`, {
      hint: "Name another file, or delete it.",
    });
  const text = await recipeText(answers, dirname(resolve(file)));
  readRecipe({ name: file, text, folder: dirname(resolve(file)) });
  writeAtomically(file, text);
}

/** The text of a recipe for a folder. */
export async function recipeText(answers: RecipeAnswers, folder: string): Promise<string> {
  const { recipe, images, labels, classes, truth, model, machine } = answers;
  const { text } = await findRecipe(recipe);
  const from = (path: string): string => pathFrom(folder, path);
  const isList = typeof classes === "string" && !classSetNames.includes(classes);
  const lines: readonly (readonly [key: string, value: unknown, after: string])[] = [
    ["images", from(images), "method"],
    [labelKeys[recipe], from(labels), "images"],
    ...(classes === null ? [] : [["classes", isList ? from(classes) : classes, labelKeys[recipe]] as const]),
    ...(truth === null ? [] : [["truth", from(truth), "images"] as const]),
    ...(model === null ? [] : [["model", model, "images"] as const]),
    ...(machine === "gpu" ? [["device", "cuda", "model"] as const] : []),
  ];
  const withSchema = text.replace("$schema=./recipe.schema.json", () => `$schema=${from(schemaFile)}`);
  const said = lines.reduce((all, [key, value, after]) => withLine(all, key, value, after), withSchema);
  return machine === "gpu" && /^method: (?!parts)/m.test(said)
    ? `${said}segmenter:\n  network: segformer-b2\n`
    : said;
}

/** The text with a key's line: the one it has, or the one in a comment, or else a new one after another key's. */
function withLine(text: string, key: string, value: unknown, after: string): string {
  const line = `${key}: ${stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trimEnd()}`;
  const own = new RegExp(`^(# )?${key}: .*$`, "m");
  if (own.test(text)) return text.replace(own, () => line);
  return text.replace(new RegExp(`^${after}: .*$`, "m"), (previous) => `${previous}\n${line}`);
}

/** A path as a file in a folder names it: relative where it lies there or beside it. */
function pathFrom(folder: string, path: string): string {
  const name = relative(folder, resolve(path)).split(sep).join("/");
  const isFar = isAbsolute(name) || name.startsWith("../../");
  return isFar ? resolve(path) : name === "" ? "." : name;
}
