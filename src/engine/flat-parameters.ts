import { elementCount, type NdArray } from "../core/array.ts";
import { invalid, shapeMismatch } from "../core/error.ts";

/** Where a parameter lies in the flat array: elements [begin, end). */
export interface ParameterSlot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Parameters one after another in one float32 array, as the optimizer's loops want them. */
export interface ParameterLayout {
  readonly slots: readonly ParameterSlot[];
  readonly length: number;
}

/** The layout of parameters in the order given. */
export function layoutParameters(
  shapes: Iterable<readonly [name: string, shape: readonly number[]]>,
): ParameterLayout {
  const slots: ParameterSlot[] = [];
  const names = new Set<string>();
  let length = 0;
  for (const [name, shape] of shapes) {
    if (names.has(name)) throw invalid("layoutParameters: names", "each name once", name);
    names.add(name);
    const begin = length;
    length += elementCount(shape);
    slots.push({ name, shape, begin, end: length });
  }
  return { slots, length };
}

/**
 * A new flat array of the parameters.
 *
 * @throws MaskwrightError SHAPE_MISMATCH for a parameter that is missing, not float32, or of another shape; INVALID_ARGUMENT for one that the layout
 *         does not have
 */
export function packParameters(layout: ParameterLayout, arrays: ReadonlyMap<string, NdArray>): Float32Array {
  const flat = new Float32Array(layout.length);
  for (const { name, shape, begin } of layout.slots) {
    const array = arrays.get(name);
    if (array?.dtype !== "float32" || `${array.shape}` !== `${shape}`) {
      const got = array === undefined ? "none" : `${array.dtype} [${array.shape}]`;
      throw shapeMismatch(`packParameters: "${name}"`, `float32 [${shape}]`, got);
    }
    flat.set(array.data as Float32Array, begin);
  }
  if (arrays.size !== layout.slots.length) {
    const known = new Set(layout.slots.map(({ name }) => name));
    const extra = [...arrays.keys()].find((name) => !known.has(name));
    throw invalid("packParameters: arrays", "parameters of the layout", extra);
  }
  return flat;
}

/** The parameters by name, as views of the flat array: writing to one writes to the other. */
export function viewParameters(layout: ParameterLayout, flat: Float32Array): Map<string, NdArray<"float32">> {
  checkLength("viewParameters: flat", layout, flat);
  return new Map(
    layout.slots.map(({ name, shape, begin, end }) => [
      name,
      { dtype: "float32", shape, data: flat.subarray(begin, end) },
    ]),
  );
}

/** Throws SHAPE_MISMATCH unless `flat` has the layout's length. */
export function checkLength(where: string, layout: ParameterLayout, flat: Float32Array): void {
  if (flat.length !== layout.length)
    throw shapeMismatch(where, `${layout.length} elements`, `${flat.length}`);
}
