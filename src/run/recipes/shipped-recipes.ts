import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { MaskwrightError } from "../../core/error.ts";
import { decodeText, readBytes } from "../../data/json-file.ts";
import { nearestName } from "./nearest-name.ts";
import type { RecipeText } from "./read-recipe.ts";

const MAX_BYTES = 2 ** 20;

/** The package by its own name: that finds its root from the source as from any file that is built of it. */
const root = dirname(createRequire(import.meta.url).resolve("maskwright/package.json"));

/** The schema of recipe files, for editors. */
export const schemaFile: string = join(root, "recipes/recipe.schema.json");

/** Names of the recipes that ship with the package. */
export function shippedRecipes(): string[] {
  const names = readdirSync(join(root, "recipes")).filter((name) => name.endsWith(".yaml"));
  return names.map((name) => name.slice(0, -".yaml".length)).sort();
}

/**
 * The recipe of a file, or the shipped one of a name, whose relative paths start from the current folder.
 *
 * @throws MaskwrightError NOT_FOUND when there is neither; BAD_FORMAT for a file that is too large or no text
 */
export async function findRecipe(source: string): Promise<RecipeText> {
  const names = shippedRecipes();
  const isShipped = names.includes(source);
  const path = isShipped ? join(root, "recipes", `${source}.yaml`) : source;
  if (!isShipped && !existsSync(path)) {
    const near = nearestName(source, names);
    throw new MaskwrightError(
      "NOT_FOUND",
      `${source}: expected a recipe file, or one of ${names.join(", ")}, got neither`,
      {
        hint: near === null ? "maskwright init writes a recipe." : `Did you mean ${near}?`,
      },
    );
  }
  const text = decodeText(await readBytes(path, MAX_BYTES), path);
  return {
    name: isShipped ? `recipe ${source}` : source,
    text,
    folder: isShipped ? process.cwd() : resolve(dirname(path)),
  };
}
