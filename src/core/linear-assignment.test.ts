import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignLinear, type LinearAssignment } from "./linear-assignment.ts";

function assign(costs: readonly (readonly number[])[], columns = costs[0].length): LinearAssignment {
  return assignLinear({ shape: [costs.length, columns], data: Float64Array.from(costs.flat()) });
}

/** The smallest cost over all pairings, tried one by one. */
function smallestCost(costs: readonly (readonly number[])[]): number {
  const [rows, columns] = [costs.length, costs[0].length];
  if (rows > columns) return smallestCost(costs[0].map((_, j) => costs.map((row) => row[j])));
  const search = (row: number, used: ReadonlySet<number>): number =>
    row === rows
      ? 0
      : Math.min(
          ...costs[row].map((cost, j) =>
            used.has(j) ? Number.POSITIVE_INFINITY : cost + search(row + 1, new Set([...used, j])),
          ),
        );
  return search(0, new Set());
}

describe("assignLinear", () => {
  it.each([
    // Costs, and columns and sum as scipy.optimize.linear_sum_assignment (1.10.1) gives them.
    [
      [
        [4, 1, 3],
        [2, 0, 5],
        [3, 2, 2],
      ],
      [1, 0, 2],
      5,
    ],
    [
      [
        [10, 2, 8, 5],
        [7, 3, 1, 9],
      ],
      [1, 2],
      3,
    ],
    [
      [
        [1, 9],
        [6, 2],
        [3, 4],
        [0, 5],
      ],
      [-1, 1, -1, 0],
      2,
    ],
    [
      [
        [-3, -1, 0.5],
        [2, -7, -7],
        [-2, -6, 1],
      ],
      [0, 2, 1],
      -16,
    ],
    [
      [
        [7, 53, 183, 439, 863],
        [497, 383, 563, 79, 973],
        [287, 63, 343, 169, 583],
        [627, 343, 773, 959, 943],
        [767, 473, 103, 699, 303],
      ],
      [0, 3, 2, 1, 4],
      1075,
    ],
  ])("gives SciPy's pairs of %j", (costs, columns, cost) => {
    expect(assign(costs)).toEqual({ columns: Int32Array.from(columns), cost });
  });

  it("takes one cost, one row, one column, and none", () => {
    expect(assign([[3]])).toEqual({ columns: Int32Array.of(0), cost: 3 });
    expect(assign([[3, 1, 2]])).toEqual({ columns: Int32Array.of(1), cost: 1 });
    expect(assign([[3], [1], [2]])).toEqual({ columns: Int32Array.of(-1, 0, -1), cost: 1 });
    expect(assign([], 3)).toEqual({ columns: new Int32Array(0), cost: 0 });
    expect(assign([[], []])).toEqual({ columns: Int32Array.of(-1, -1), cost: 0 });
  });

  it("pairs equal costs one to one", () => {
    const { columns, cost } = assign(Array.from({ length: 30 }, () => Array<number>(30).fill(2)));
    expect([...columns].sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, k) => k));
    expect(cost).toBe(60);
  });

  it("finds the smallest cost, each column used once", () => {
    const matrices = fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), fc.boolean())
      .chain(([rows, columns, isCoarse]) => {
        const cost = isCoarse
          ? fc.integer({ min: -2, max: 2 })
          : fc.double({ min: -1e3, max: 1e3, noNaN: true });
        const row = fc.array(cost, { minLength: columns, maxLength: columns });
        return fc.array(row, { minLength: rows, maxLength: rows });
      });
    fc.assert(
      fc.property(matrices, (costs) => {
        const { columns, cost } = assign(costs);
        const pairs = [...columns].filter((column) => column >= 0);
        expect(new Set(pairs).size).toBe(pairs.length);
        expect(pairs.length).toBe(Math.min(costs.length, costs[0].length));
        expect(cost).toBeCloseTo(smallestCost(costs), 6);
      }),
      { numRuns: 300 },
    );
  });

  it("refuses costs that are not finite or not a matrix", () => {
    expect(() => assign([[1, Number.NaN]])).toThrow("assignLinear: costs: expected finite numbers, got NaN");
    expect(() => assign([[Number.NEGATIVE_INFINITY]])).toThrow("finite numbers");
    expect(() => assignLinear({ shape: [2, 2], data: new Float64Array(3) })).toThrow("got 3 of [2,2]");
    expect(() => assignLinear({ shape: [4], data: new Float64Array(4) })).toThrow("[R, C]");
  });
});
