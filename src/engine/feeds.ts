import { elementCount, type NdArray } from "../core/array.ts";
import { invalid, MaskwrightError, shapeMismatch } from "../core/error.ts";
import type { InputType } from "./onnx.ts";
import type { Arrays } from "./runtime.ts";
import { formatShape } from "./shape.ts";

/**
 * Refuses arrays that are not what the inputs say.
 *
 * @throws MaskwrightError INVALID_ARGUMENT or SHAPE_MISMATCH naming an input that is missing, unknown or of another type
 */
export function checkFeeds(where: string, inputs: readonly InputType[], feeds: Arrays): void {
  const lengths = new Map<string, number>();
  for (const input of inputs) checkFeed(`${where}: input "${input.name}"`, input, feeds[input.name], lengths);
  const known = new Set(inputs.map(({ name }) => name));
  const extra = Object.keys(feeds).find((name) => !known.has(name));
  if (extra !== undefined)
    throw invalid(`${where}: feeds`, `inputs of the graph (${[...known].join(", ")})`, extra);
}

function checkFeed(
  where: string,
  { shape, dtype }: InputType,
  array: NdArray | undefined,
  lengths: Map<string, number>,
): void {
  const expected = `${dtype} ${formatShape(shape)}`;
  if (array === undefined)
    throw new MaskwrightError("INVALID_ARGUMENT", `${where}: expected ${expected}, got none`);
  const got = `${array.dtype} ${formatShape(array.shape)}`;
  const fits = shape.every((dim, axis) => {
    const length = array.shape[axis];
    if (typeof dim === "number") return dim === length;
    // A name stands for one number wherever it is written.
    if (!lengths.has(dim)) lengths.set(dim, length);
    return lengths.get(dim) === length;
  });
  if (array.dtype !== dtype || array.shape.length !== shape.length || !fits)
    throw shapeMismatch(where, expected, got);
  const count = elementCount(array.shape);
  if (array.data.length !== count)
    throw shapeMismatch(where, `${count} numbers for ${got}`, `${array.data.length}`);
}
