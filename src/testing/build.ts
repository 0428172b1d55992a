import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "tsdown";

const root = resolve(import.meta.dirname, "../..");

/** Vitest's global setup for tests of the built program: builds it once when a source is newer than it. */
export async function setup(): Promise<void> {
  const built = join(root, "dist/cli/main.js");
  if (!existsSync(built) || statSync(built).mtimeMs < newestSourceMs()) await build({ cwd: root });
}

function newestSourceMs(): number {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.startsWith("testing"))
    .map((name) => join(root, "src", name));
  const texts = readdirSync(join(root, "texts")).map((name) => join(root, "texts", name));
  const settings = ["package.json", "tsdown.config.ts"].map((name) => join(root, name));
  return Math.max(...[...sources, ...texts, ...settings].map((path) => statSync(path).mtimeMs));
}
