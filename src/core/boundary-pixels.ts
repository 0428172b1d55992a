import { countLabels, IGNORE, type LabelMap } from "./label-map.ts";

/** The class of each boundary pixel, `IGNORE` elsewhere and on a margin of `pad` pixels all around. */
export interface BoundaryMap {
  readonly pad: number;
  /** Width with both margins. */
  readonly stride: number;
  readonly data: Uint8Array;
}

/**
 * The map with its ignore pixels, up to `steps` up, down, left and right from a labelled one, given the class
 * they are next to. Each step looks at the map as the step before left it; on a tie the pixel above wins, then
 * left, right, below.
 */
export function closeIgnored(labels: LabelMap, steps: number): LabelMap {
  const { height, width } = labels;
  const closed = new Uint8Array(labels.data); // not slice(): of a Node Buffer that is no copy
  let open = findIgnored(labels);
  const found = new Uint8Array(open.length);
  for (let step = 0; step < steps && open.length > 0; step++) {
    for (let k = 0; k < open.length; k++) found[k] = nextLabel(closed, open[k], width);
    let left = 0;
    for (let k = 0; k < open.length; k++) {
      if (found[k] === IGNORE) open[left++] = open[k];
      else closed[open[k]] = found[k];
    }
    open = open.subarray(0, left);
  }
  return { height, width, data: closed };
}

/** Flat indices of the ignore pixels, ascending; signed, because the remainder of unsigned ones is computed in floats. */
function findIgnored(labels: LabelMap): Int32Array {
  const { data } = labels;
  const found = new Int32Array(countLabels(labels)[IGNORE]);
  for (let k = 0, p = data.indexOf(IGNORE); k < found.length; p = data.indexOf(IGNORE, p + 1)) found[k++] = p;
  return found;
}

function nextLabel(data: Uint8Array, p: number, width: number): number {
  const column = p % width;
  if (p >= width && data[p - width] !== IGNORE) return data[p - width];
  if (column > 0 && data[p - 1] !== IGNORE) return data[p - 1];
  if (column + 1 < width && data[p + 1] !== IGNORE) return data[p + 1];
  return p + width < data.length ? data[p + width] : IGNORE;
}

/**
 * Pixels with a 4-neighbor of another id, by id; ids of `classCount` and above are other ids but no class.
 * Pixels that `known` ignores are skipped, as themselves and as neighbors.
 */
export function findBoundaries(
  { height, width, data }: LabelMap,
  known: LabelMap,
  classCount: number,
  pad: number,
): BoundaryMap {
  const stride = width + 2 * pad;
  const result = new Uint8Array((height + 2 * pad) * stride).fill(IGNORE);
  const markBetween = (p: number, q: number, atP: number, atQ: number): void => {
    if (known.data[p] === IGNORE || known.data[q] === IGNORE) return;
    if (data[p] < classCount) result[atP] = data[p];
    if (data[q] < classCount) result[atQ] = data[q];
  };
  for (let i = 0; i < height; i++) {
    const row = i * width;
    const offset = (i + pad) * stride + pad - row; // from a flat index to its place in the result
    for (let p = row; p < row + width - 1; p++) {
      if (data[p] !== data[p + 1]) markBetween(p, p + 1, p + offset, p + 1 + offset);
    }
    if (i + 1 === height) continue;
    for (let p = row; p < row + width; p++) {
      if (data[p] !== data[p + width]) markBetween(p, p + width, p + offset, p + offset + stride);
    }
  }
  return { pad, stride, data: result };
}

/** Flat steps to all pixels whose center is at most `radius` away, nearest first, in rows of `stride`. */
export function diskSteps(radius: number, stride: number): Int32Array {
  const reach = Math.floor(radius);
  const steps: { step: number; distance: number }[] = [];
  for (let i = -reach; i <= reach; i++) {
    for (let j = -reach; j <= reach; j++) {
      const distance = Math.hypot(i, j);
      if (distance <= radius) steps.push({ step: i * stride + j, distance });
    }
  }
  steps.sort((a, b) => a.distance - b.distance);
  return Int32Array.from(steps, ({ step }) => step);
}
