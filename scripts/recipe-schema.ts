/** Writes recipes/recipe.schema.json, which editors check recipes against: `npm run schema`, whenever the schema changes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { recipeJsonSchema } from "../src/run/recipes/schema.ts";

const path = join(import.meta.dirname, "../recipes/recipe.schema.json");
writeFileSync(path, `${JSON.stringify(recipeJsonSchema(), null, 2)}\n`);
