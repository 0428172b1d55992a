import { badFormat } from "../../core/error.ts";
import { readJsonFile } from "../../data/json-file.ts";
import { quote } from "../../data/problems.ts";

/**
 * The weights of classes in a JSON file: a list by class id, or an object by name in which a class that is missing has 1.
 *
 * @param classes  names by class id
 * @throws MaskwrightError NOT_FOUND; BAD_FORMAT for another number of weights, an unknown name, a weight below 0, or none above 0
 */
export async function readClassWeights(path: string, classes: readonly string[]): Promise<number[]> {
  const value = await readJsonFile(path);
  const weights = Array.isArray(value) ? listed(value, classes, path) : named(value, classes, path);
  for (const [id, weight] of weights.entries())
    if (!(typeof weight === "number" && weight >= 0 && Number.isFinite(weight)))
      throw badFormat(`${path}: ${quote(classes[id])}`, "a number from 0", quote(weight));
  if (weights.every((weight) => weight === 0)) throw badFormat(path, "a weight above 0", "0 for every class");
  return weights as number[];
}

function listed(value: readonly unknown[], classes: readonly string[], path: string): readonly unknown[] {
  if (value.length === classes.length) return value;
  throw badFormat(path, `${classes.length} weights, the background's first`, `${value.length}`);
}

function named(value: unknown, classes: readonly string[], path: string): unknown[] {
  if (typeof value !== "object" || value === null)
    throw badFormat(path, "a list of weights, or an object of weights by class", quote(value));
  for (const name of Object.keys(value))
    if (!classes.includes(name)) throw badFormat(path, "names of classes", quote(name));
  return classes.map((name) => (value as Record<string, unknown>)[name] ?? 1);
}
