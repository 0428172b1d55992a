import { elementCount, type NdArray } from "./array.ts";
import { invalid, shapeMismatch } from "./error.ts";

export interface LinearAssignment {
  /** Column of each row, −1 for a row that has none: there are min(R, C) pairs. */
  readonly columns: Int32Array;
  /** Sum of the costs of all pairs. */
  readonly cost: number;
}

/**
 * Pairs each row with a column of its own, as many as there can be, so that the sum of the costs is smallest.
 *
 * Shortest augmenting paths with potentials: O(min² · max) time, O(R · C) memory when there are more rows than columns. Which of several
 * best pairings it is depends on the order of rows and columns; SciPy may choose another of the same cost.
 *
 * @param costs  [R, C], finite; R or C may be 0
 * @throws MaskwrightError INVALID_ARGUMENT for a cost that is not finite, SHAPE_MISMATCH unless there are R · C of them in two axes
 * @see Crouse 2016, "On implementing 2D rectangular assignment algorithms", as in scipy.optimize.linear_sum_assignment
 */
export function assignLinear({
  shape,
  data,
}: Pick<NdArray<"float64" | "float32">, "shape" | "data">): LinearAssignment {
  if (shape.length !== 2 || data.length !== elementCount(shape))
    throw shapeMismatch(
      "assignLinear: costs",
      "R · C costs of a shape [R, C]",
      `${data.length} of [${shape}]`,
    );
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw invalid("assignLinear: costs", "finite numbers", data[bad]);
  const [rows, columns] = shape;
  const isTall = rows > columns;
  const wide = isTall ? transposed(data, rows, columns) : data;
  const partners = augment(wide, Math.min(rows, columns), Math.max(rows, columns));
  const result = isTall ? new Int32Array(rows).fill(-1) : partners;
  if (isTall)
    partners.forEach((row, column) => {
      result[row] = column;
    });
  let cost = 0;
  result.forEach((column, row) => {
    if (column >= 0) cost += data[row * columns + column];
  });
  return { columns: result, cost };
}

/** The column of each row of a matrix that is not taller than wide. */
function augment(costs: Float64Array | Float32Array, rows: number, columns: number): Int32Array {
  const rowPotential = new Float64Array(rows);
  const columnPotential = new Float64Array(columns);
  const columnOf = new Int32Array(rows).fill(-1);
  const rowOf = new Int32Array(columns).fill(-1);
  const distance = new Float64Array(columns);
  const previous = new Int32Array(columns);
  const isDone = new Uint8Array(columns);
  for (let start = 0; start < rows; start++) {
    // Dijkstra over reduced costs, from a free row to the nearest free column.
    distance.fill(Number.POSITIVE_INFINITY);
    isDone.fill(0);
    let row = start;
    let shortest = 0;
    let sink = -1;
    while (sink < 0) {
      const offset = shortest - rowPotential[row];
      let nearest = Number.POSITIVE_INFINITY;
      let next = -1;
      for (let column = 0, p = row * columns; column < columns; column++, p++) {
        if (isDone[column] === 1) continue;
        const length = offset + costs[p] - columnPotential[column];
        if (length < distance[column]) {
          distance[column] = length;
          previous[column] = row;
        }
        // Among equals a free column ends the path at once.
        if (distance[column] < nearest || (distance[column] === nearest && rowOf[column] < 0)) {
          nearest = distance[column];
          next = column;
        }
      }
      shortest = nearest;
      isDone[next] = 1;
      if (rowOf[next] < 0) sink = next;
      else row = rowOf[next];
    }
    rowPotential[start] += shortest;
    for (let column = 0; column < columns; column++) {
      if (isDone[column] === 0) continue;
      const slack = shortest - distance[column];
      columnPotential[column] -= slack;
      if (rowOf[column] >= 0) rowPotential[rowOf[column]] += slack;
    }
    for (let column = sink; column >= 0; ) {
      const from = previous[column];
      rowOf[column] = from;
      const freed = columnOf[from];
      columnOf[from] = column;
      column = from === start ? -1 : freed;
    }
  }
  return columnOf;
}

function transposed(data: Float64Array | Float32Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(data.length);
  for (let i = 0, p = 0; i < rows; i++) for (let j = 0; j < columns; j++, p++) result[j * rows + i] = data[p];
  return result;
}
