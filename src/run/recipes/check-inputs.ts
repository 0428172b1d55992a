import { existsSync } from "node:fs";
import { MaskwrightError } from "../../core/error.ts";
import { classSetNames } from "../../data/class-list.ts";
import type { Recipe } from "./recipe.ts";
import { pathKeys, recipeShapes } from "./schema.ts";
import { descriptionAt } from "./schema-keys.ts";

/** A file or folder that a recipe names. */
export interface RecipeInput {
  /** Keys with dots between them. */
  readonly key: string;
  readonly path: string;
  /** What belongs there. */
  readonly what: string;
}

/** The files and folders that a recipe reads. */
export function recipeInputs(recipe: Recipe): RecipeInput[] {
  const { classes } = recipe;
  const named = pathKeys.filter((key) => key !== "out").map((key) => [key, valueAt(recipe, key)] as const);
  const lists =
    typeof classes === "string" && !classSetNames.includes(classes) ? [["classes", classes] as const] : [];
  return [...named, ...lists].flatMap(([key, path]) => {
    if (typeof path !== "string") return [];
    return { key, path, what: descriptionAt(recipeShapes[recipe.method], key.split(".")) };
  });
}

/**
 * Says all that a recipe needs and is not there, in one go.
 *
 * @param name  what messages call the recipe
 * @throws MaskwrightError NOT_FOUND
 */
export function checkInputs(recipe: Recipe, name: string): void {
  const missing = recipeInputs(recipe).filter(({ path }) => !existsSync(path));
  if (missing.length === 0) return;
  const lines = missing.map(({ key, path, what }) => `${key}: expected ${what}, got nothing at ${path}`);
  const text =
    missing.length === 1
      ? `${name}: ${lines[0]}`
      : [`${name}: ${missing.length} inputs are missing`, ...lines].join("\n  ");
  const hint = missing.map(({ key }) => `--set ${key}=PATH`).join(" ");
  throw new MaskwrightError("NOT_FOUND", text, { hint });
}

function valueAt(recipe: Recipe, key: string): unknown {
  return key
    .split(".")
    .reduce<unknown>((value, each) => (value as Record<string, unknown> | undefined)?.[each], recipe);
}
