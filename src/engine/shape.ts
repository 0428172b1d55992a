import { elementCount } from "../core/array.ts";
import { MaskwrightError } from "../core/error.ts";

/** Length of one axis: a number, or a name that stands for any number until the graph runs. */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** `formatShape(["batch", 3, 224])` reads "[batch, 3, 224]". */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** A graph that cannot be built: "matmul: expected …, got …". */
export function opError(op: string, expected: string, got: string, hint?: string): MaskwrightError {
  const options = hint === undefined ? {} : { hint };
  return new MaskwrightError("SHAPE_MISMATCH", `${op}: expected ${expected}, got ${got}`, options);
}

/** The shape as numbers, for whatever has to know them while the graph is built. */
export function staticShape(op: string, shape: Shape): readonly number[] {
  if (shape.every((dim) => typeof dim === "number")) return shape;
  throw opError(
    op,
    "a static shape",
    formatShape(shape),
    "declare the input with numbers for every dimension",
  );
}

/** Elements of a shape without names, or null when a name leaves it open. */
export function countOf(shape: Shape): number | null {
  return shape.every((dim) => typeof dim === "number") ? elementCount(shape) : null;
}

/** An axis counted from the front: −1 is the last of `rank`. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  throw opError(op, `an axis from ${-rank} to ${rank - 1}`, String(axis));
}

/** Axes from the front, ascending, each at most once; all of them when none are given. */
export function normalizeAxes(
  op: string,
  axes: readonly number[] | number | undefined,
  rank: number,
): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof axes === "number" ? [axes] : axes).map((axis) => normalizeAxis(op, axis, rank));
  if (new Set(list).size !== list.length) throw opError(op, "axes that differ", formatShape(list));
  return list.sort((a, b) => a - b);
}

/** The shape with length 1 at the given axes. */
export function keepAxes(shape: Shape, axes: readonly number[]): Dim[] {
  return shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
}
