import { badFormat, shapeMismatch } from "./error.ts";
import { type Box, formatSize, isSameSize, type Size } from "./geometry.ts";
import type { ClassId, LabelMap } from "./label-map.ts";
import { checkSize } from "./limits.ts";
import type { Mask } from "./mask.ts";

/**
 * A mask as COCO run lengths: column-major, zeros first (the first count is 0 when the first pixel
 * is set), counts sum to H·W. Runs of length 0 elsewhere are legal and mean nothing; nothing here writes them.
 */
export interface Rle extends Size {
  readonly counts: Uint32Array;
}

/**
 * An RLE from counts of unknown origin (the uncompressed `counts` of COCO JSON, a worker's message).
 *
 * @param where  what the message names: a file and key
 * @throws MaskwrightError BAD_FORMAT for a size over the limit, a count that is no integer ≥ 0, or a wrong sum
 */
export function validateRle(value: Size & { readonly counts: ArrayLike<unknown> }, where = "rle"): Rle {
  const { height, width, counts } = value;
  checkSize(where, value);
  let sum = 0;
  for (let k = 0; k < counts.length; k++) {
    const count = counts[k];
    if (typeof count !== "number" || !Number.isInteger(count) || count < 0)
      throw badFormat(`${where}: counts[${k}]`, "an integer >= 0", String(count));
    sum += count;
  }
  checkSum(where, value, sum);
  return {
    height,
    width,
    counts: counts instanceof Uint32Array ? counts : Uint32Array.from(counts as number[]),
  };
}

/** Throws BAD_FORMAT unless run lengths that sum to `sum` fill a picture of this size. */
export function checkSum(where: string, size: Size, sum: number): void {
  const pixels = size.height * size.width;
  if (sum === pixels) return;
  throw badFormat(`${where}: counts`, `a sum of ${pixels} (${formatSize(size)})`, String(sum));
}

/** The runs of a mask; any value but 0 is set. */
export function encodeRle({ height, width, data }: Mask): Rle {
  let runs = new Uint32Array(1024);
  let k = 0;
  let isSet = false;
  let q = 0; // column-major position
  let start = 0;
  for (let j = 0; j < width; j++) {
    runs = withRoom(runs, k + height + 1);
    for (let p = j; p < data.length; p += width, q++) {
      if ((data[p] !== 0) === isSet) continue;
      runs[k++] = q - start;
      start = q;
      isSet = !isSet;
    }
  }
  runs = withRoom(runs, k + 1);
  runs[k++] = q - start;
  return { height, width, counts: runs.slice(0, k) };
}

/** The buffer, or a copy at least twice as long when it holds fewer than `length` elements. */
function withRoom(buffer: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  if (buffer.length >= length) return buffer;
  const larger = new Uint32Array(Math.max(length, 2 * buffer.length));
  larger.set(buffer);
  return larger;
}

/** The pixels of an RLE, row-major, 0 or 1. */
export function decodeRle(rle: Rle): Mask {
  const { height, width } = rle;
  const data = new Uint8Array(height * width);
  paintRle(data, rle, 1);
  return { height, width, data };
}

/** Writes `value` at every set pixel of the RLE into a row-major [H, W] map; the other pixels are left alone. */
export function paintRle(data: Uint8Array, { height, width, counts }: Rle, value: number): void {
  let q = 0; // column-major position
  for (let k = 1; k < counts.length; k += 2) {
    q += counts[k - 1];
    let left = counts[k];
    let j = Math.floor(q / height);
    let i = q - j * height;
    q += left;
    while (left > 0) {
      const rows = Math.min(left, height - i);
      for (let p = i * width + j, end = p + rows * width; p < end; p += width) data[p] = value;
      left -= rows;
      j++;
      i = 0;
    }
  }
}

/** Pixels set. */
export function rleArea({ counts }: Rle): number {
  let area = 0;
  for (let k = 1; k < counts.length; k += 2) area += counts[k];
  return area;
}

/** The tight box, half-open; null for an empty mask. pycocotools' `toBbox` as a `Box` (there an empty mask is four zeros). */
export function rleBox({ height, counts }: Rle): Box | null {
  let y0 = height;
  let y1 = 0;
  let first = -1; // column-major positions of the first set pixel, and after the last
  let end = 0;
  let q = 0;
  let row = 0; // q mod height, kept without dividing: thousands of masks have their box taken at a time
  for (let k = 1; k < counts.length; k += 2) {
    q += counts[k - 1];
    row += counts[k - 1];
    if (row >= height) row = wrapped(row, height);
    const count = counts[k];
    if (count === 0) continue;
    if (first < 0) first = q;
    // A run over a column's end holds the bottom pixel of one column and the top pixel of the next.
    const isInColumn = row + count <= height;
    y0 = isInColumn ? Math.min(y0, row) : 0;
    y1 = isInColumn ? Math.max(y1, row + count) : height;
    q += count;
    row += count;
    if (row >= height) row = wrapped(row, height);
    end = q;
  }
  if (first < 0) return null;
  return { x0: Math.floor(first / height), y0, x1: Math.floor((end - 1) / height) + 1, y1 };
}

/** row mod height; most runs end in the column they start in or the next. */
function wrapped(row: number, height: number): number {
  return row < 2 * height ? row - height : row % height;
}

/** Throws SHAPE_MISMATCH unless the two sizes are equal. */
export function checkSameSize(where: string, a: Size, b: Size): void {
  if (!isSameSize(a, b))
    throw shapeMismatch(where, formatSize(a), formatSize(b), "Masks of one picture only.");
}

/** One RLE for every id in the map, background and ignore among them, by ascending id. They tile the picture. */
export function labelMapToRles(labels: LabelMap): Map<ClassId, Rle> {
  const rles = new Map<ClassId, Rle>();
  idsToRles(labels.data, labels, 256).forEach((rle, id) => {
    if (rle !== null) rles.set(id, rle);
  });
  return rles;
}

/** For each id below `idCount` the pixels that hold it, null where none does. `data` is [H, W], row-major. */
export function idsToRles(data: Uint8Array | Int32Array, size: Size, idCount: number): (Rle | null)[] {
  const { height, width } = size;
  let starts = new Uint32Array(1024); // column-major, of the runs of equal ids
  let n = 0;
  const edges = new Uint32Array(idCount); // starts and ends of runs, of each id
  for (let j = 0, q = 0, id = -1; j < width; j++) {
    starts = withRoom(starts, n + height);
    for (let p = j; p < data.length; p += width, q++) {
      if (data[p] === id) continue;
      if (id >= 0) edges[id]++;
      id = data[p];
      edges[id]++;
      starts[n++] = q;
    }
  }
  const counts = Array.from(edges, (count) => (count === 0 ? null : new Uint32Array(count + 1)));
  const last = new Uint32Array(idCount); // edge of each id
  const used = new Uint32Array(idCount);
  const putEdge = (id: number, q: number): void => {
    const runs = counts[id];
    if (runs === null) return;
    runs[used[id]++] = q - last[id];
    last[id] = q;
  };
  for (let k = 0, id = -1; k < n; k++) {
    if (id >= 0) putEdge(id, starts[k]);
    const j = Math.floor(starts[k] / height);
    id = data[(starts[k] - j * height) * width + j];
    putEdge(id, starts[k]);
  }
  for (let id = 0; id < idCount; id++) putEdge(id, height * width);
  return counts.map((runs) => (runs === null ? null : { height, width, counts: runs }));
}
