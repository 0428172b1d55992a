import type { NdArray } from "../../core/array.ts";

interface Direction {
  readonly x: number;
  readonly y: number;
  /** Which sine and cosine of the position code. */
  readonly index: number;
}

/**
 * Keys of four heads, by which cells find a token's place: how near it is by all directions of the position code and by the coarser half of
 * them, and how far to the right of it and below it they are.
 *
 * A cell's code times such a key is Σ cos(φ − φ'), or Σ ± sin(φ − φ') for the last two, over the phases of cell and token.
 *
 * @param directions  [2, n], of the position code
 * @param shape       [4 · 2n, 2n]
 */
export function placeKeys(
  { data, shape: [, count] }: NdArray<"float32">,
  shape: readonly number[],
): NdArray<"float32"> {
  const dim = 2 * count;
  const keys = new Float32Array(shape[0] * shape[1]);
  const all = Array.from(
    { length: count },
    (_, index): Direction => ({ x: data[index], y: data[count + index], index }),
  );
  const lengthOf = ({ x, y }: Direction): number => Math.hypot(x, y);
  const coarse = all.toSorted((a, b) => lengthOf(a) - lengthOf(b)).slice(0, Math.ceil(count / 2));
  const set = (head: number, row: number, column: number, value: number): void => {
    keys[(head * dim + row) * dim + column] = value;
  };
  const markNear = (head: number, chosen: readonly Direction[]): void => {
    for (const { index } of chosen)
      for (const k of [index, count + index]) set(head, k, k, count / chosen.length);
  };
  const markBeyond = (head: number, along: "x" | "y", across: "x" | "y"): void => {
    const chosen = coarse.filter((each) => Math.abs(each[along]) > Math.abs(each[across]));
    for (const { index, ...each } of chosen) {
      const value = (Math.sign(each[along]) * count) / chosen.length;
      set(head, index, count + index, value);
      set(head, count + index, index, -value);
    }
  };
  markNear(0, all);
  markNear(1, coarse);
  markBeyond(2, "x", "y");
  markBeyond(3, "y", "x");
  return { dtype: "float32", shape, data: keys };
}
