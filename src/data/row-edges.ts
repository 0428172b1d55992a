import type { Size } from "../core/geometry.ts";
import type { Rle } from "../core/rle.ts";

/**
 * A mask as the columns at which each row changes: the first set pixel of the row, the first clear one
 * after it, and so on, ascending. A row that is set to its end has an odd number of them.
 */
export interface RowEdges extends Size {
  readonly columns: Int32Array;
  /** Row i has columns[starts[i]] to columns[starts[i + 1] − 1]. */
  readonly starts: Int32Array;
}

/**
 * COCO run lengths from row edges, without pixels: where a row and the row above it differ, a column
 * changes, and those places, sorted by column, are the ends of the column-major runs. The time goes with
 * the length of the outline.
 */
export function rleFromRowEdges(edges: RowEdges): Rle {
  const { height, width } = edges;
  const { changes, perColumn } = columnChanges(edges);
  // Sorted by column; a column's changes come in row order already.
  const next = new Int32Array(width);
  for (let j = 1; j < width; j++) next[j] = next[j - 1] + perColumn[j - 1];
  const sorted = new Int32Array(changes.length);
  for (const p of changes) sorted[next[Math.floor(p / height)]++] = p;

  const counts = new Uint32Array(changes.length + width + 1);
  let runs = 0;
  let last = 0;
  let isSet = false; // at the bottom of the column before
  for (let j = 0, k = 0; j < width; j++) {
    const end = k + perColumn[j];
    const isOdd = (perColumn[j] & 1) === 1;
    if (isSet) {
      // A run that reached the bottom ends at the top of this column, unless it goes on there.
      if (k < end && sorted[k] === j * height) k++;
      else {
        counts[runs++] = j * height - last;
        last = j * height;
      }
    }
    for (; k < end; k++) {
      counts[runs++] = sorted[k] - last;
      last = sorted[k];
    }
    isSet = isOdd;
  }
  counts[runs++] = height * width - last;
  return { height, width, counts: counts.slice(0, runs) };
}

/** Column-major positions j·H + i of the pixels that differ from the pixel above (above row 0 is clear), row by row. */
function columnChanges({ height, width, columns, starts }: RowEdges) {
  const perColumn = new Int32Array(width);
  let changes = new Int32Array(4 * (height + width));
  let length = 0;
  for (let i = 0, above = 0; i < height; i++) {
    let a = above;
    let b = starts[i];
    const aEnd = starts[i];
    const bEnd = starts[i + 1];
    above = b;
    if (length + width > changes.length) changes = grown(changes, length + width);
    for (let from = -1; ; ) {
      const x = a < aEnd ? columns[a] : width;
      const y = b < bEnd ? columns[b] : width;
      if (x <= y) a++;
      if (y <= x) b++;
      if (x === y && x < width) continue; // both rows change here: they go on being equal, or different
      const edge = Math.min(x, y);
      if (from < 0) from = edge;
      else {
        for (let j = from; j < edge; j++) {
          changes[length++] = j * height + i;
          perColumn[j]++;
        }
        from = -1;
      }
      if (edge === width) break;
    }
  }
  return { changes: changes.subarray(0, length), perColumn };
}

/** A longer copy, at least twice as long. */
export function grown(array: Int32Array<ArrayBuffer>, atLeast: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(Math.max(atLeast, 2 * array.length));
  longer.set(array);
  return longer;
}
