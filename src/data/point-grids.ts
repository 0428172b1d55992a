import { z } from "zod";
import type { Point } from "../core/geometry.ts";
import { readJsonFile } from "./json-file.ts";
import { addIssues, collectProblems } from "./problems.ts";

const share = z.number("a number").min(0, "0 to 1").max(1, "0 to 1");
const shape = z
  .array(
    z.array(z.tuple([share, share], "[x, y]"), "a list of points").min(1, "at least one point"),
    "a list of grids, each a list of points [x, y]",
  )
  .min(1, "at least one grid");

/**
 * Grids of points from JSON: a list for each layer of crops, that of the whole picture first, of points [x, y] in shares of the sides.
 *
 * @throws MaskwrightError BAD_FORMAT that lists everything wrong by its place
 */
export async function readPointGrids(path: string): Promise<Point[][]> {
  const value = await readJsonFile(path, { maxBytes: 2 ** 26 });
  const problems = collectProblems(path);
  const parsed = shape.safeParse(value);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny();
  return (parsed.data as z.infer<typeof shape>).map((grid) => grid.map(([x, y]) => ({ x, y })));
}
