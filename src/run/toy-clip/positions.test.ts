import { expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { wavePositions } from "./positions.ts";

it("makes neighbors alike along rows and columns, and leaves the class token", () => {
  const [side, dim] = [5, 16];
  const data = new Float32Array((1 + side * side) * dim).fill(7);
  const table = wavePositions({
    dtype: "float32",
    shape: [1 + side * side, dim],
    data,
  }) as NdArray<"float32">;
  expect([...table.data.subarray(0, dim)]).toEqual(Array(dim).fill(7));
  const row = (i: number, j: number): Float32Array =>
    table.data.subarray((1 + i * side + j) * dim, (2 + i * side + j) * dim);
  const alike = (a: Float32Array, b: Float32Array): number =>
    a.reduce((sum, value, k) => sum + value * b[k], 0);
  // Sines and cosines: all are equally long.
  expect(alike(row(3, 1), row(3, 1))).toBeCloseTo(alike(row(0, 0), row(0, 0)), 5);
  expect(alike(row(2, 2), row(2, 3))).toBeGreaterThan(alike(row(2, 2), row(2, 4)));
  // The same steps down and to the right.
  expect(alike(row(2, 2), row(3, 2))).toBeCloseTo(alike(row(2, 2), row(2, 3)), 5);
  expect(row(0, 1)).not.toEqual(row(1, 0));
});

it("refuses what is no table of a square grid", () => {
  const table = (shape: readonly number[]): NdArray<"float32"> => ({
    dtype: "float32",
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b)),
  });
  expect(() => wavePositions(table([4, 8]))).toThrow("wavePositions: table: expected [1 + S·S, D]");
  expect(() => wavePositions(table([5, 6]))).toThrow("got [5, 6]");
});
