/** Visits the elements of a shape in row-major order; `index` is reused between calls. */
export function forEachIndex(
  shape: readonly number[],
  visit: (index: readonly number[], flat: number) => void,
): void {
  const count = shape.reduce((a, b) => a * b, 1);
  const index = shape.map(() => 0);
  for (let flat = 0; flat < count; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]++;
      if (index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

/** Place of an element in a row-major array. Axes are aligned at the end, and length 1 stands for any position. */
export function offset(shape: readonly number[], index: readonly number[]): number {
  const extra = index.length - shape.length;
  let at = 0;
  for (let axis = 0; axis < shape.length; axis++)
    at = at * shape[axis] + (shape[axis] === 1 ? 0 : index[axis + extra]);
  return at;
}
