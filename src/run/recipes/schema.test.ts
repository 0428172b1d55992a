import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { readRecipe } from "./read-recipe.ts";
import { recipeJsonSchema, recipeShapes } from "./schema.ts";
import { keysAt } from "./schema-keys.ts";
import { findRecipe, schemaFile, shippedRecipes } from "./shipped-recipes.ts";

describe("the schema for editors", () => {
  it("is that of the program: npm run schema", () => {
    expect(JSON.parse(readFileSync(schemaFile, "utf8"))).toEqual(recipeJsonSchema());
  });
});

describe.each(shippedRecipes())("the recipe %s", (name) => {
  it("can be carried out as it is, once its files are there", async () => {
    const source = await findRecipe(name);
    expect(source.text).toMatch(/^# yaml-language-server: \$schema=\.\/recipe\.schema\.json\n# [A-Z]/);
    expect(readRecipe(source).images.startsWith(process.cwd())).toBe(true);
  });
});

describe("docs/recipes.md", () => {
  const page = readFileSync(resolve(import.meta.dirname, "../../../docs/recipes.md"), "utf8");

  it("names every recipe and every key", () => {
    for (const name of shippedRecipes()) expect(page).toContain(`\`${name}\``);
    const keys = Object.values(recipeShapes).flatMap((shape) =>
      keysAt(shape, []).flatMap((key) => [key, ...keysAt(shape, [key])]),
    );
    expect([...new Set(keys)].filter((key) => !page.includes(`\`${key}\``))).toEqual([]);
  });
});

describe("findRecipe", () => {
  it("says what is near", async () => {
    const error = findRecipe("tagz");
    await expect(error).rejects.toThrow(/^tagz: expected a recipe file, or one of boxes, .*, got neither$/);
    await expect(error).rejects.toMatchObject({ hint: "Did you mean tags?" });
    expect((await findRecipe(join(schemaFile, "../tags.yaml"))).folder).toBe(resolve(schemaFile, ".."));
  });
});
