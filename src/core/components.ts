import type { Box, Point, Size } from "./geometry.ts";
import type { ClassId, LabelMap } from "./label-map.ts";
import type { Mask } from "./mask.ts";
import { idsToRles, type Rle } from "./rle.ts";

export interface ComponentsOptions {
  /** Pixels are neighbors over edges (4), or over edges and corners (8, the default). */
  readonly connectivity?: 4 | 8;
}

export interface Component {
  /** Pixels. */
  readonly area: number;
  readonly box: Box;
  /** Mean row and column number, as OpenCV: half a pixel above and left of the center in continuous pixels. */
  readonly centroid: Point;
}

export interface ClassComponent extends Component {
  readonly classId: ClassId;
}

export interface Components<T extends Component = Component> extends Size {
  /** [H, W], row-major: k + 1 in `components[k]`, 0 in none. */
  readonly labels: Int32Array;
  readonly components: readonly T[];
}

/**
 * The connected parts of a mask.
 *
 * Order: as OpenCV's `connectedComponentsWithStats` numbers them, which is by first pixel for
 * connectivity 4, by first 2×2 block of the picture for 8, both row-major.
 */
export function connectedComponents(mask: Mask, { connectivity = 8 }: ComponentsOptions = {}): Components {
  const runs = findRuns(mask, 1);
  joinRuns(runs, mask, connectivity);
  const roots = rootsOf(runs);
  return collect(runs, connectivity === 8 ? orderByBlock(roots, runs, mask) : roots, mask);
}

/** The connected parts of equal class of a label map, background and ignore among them, by first pixel, row-major. */
export function labelMapComponents(
  labels: LabelMap,
  { connectivity = 8 }: ComponentsOptions = {},
): Components<ClassComponent> {
  const runs = findRuns(labels, 0);
  joinRuns(runs, labels, connectivity);
  const roots = rootsOf(runs);
  const found = collect(runs, roots, labels);
  const components = found.components.map((component, k) => ({
    ...component,
    classId: labels.data[runs.starts[roots[k]]],
  }));
  return { ...found, components };
}

/** The mask of each component, in their order. */
export function componentsToRles({ labels, components, ...size }: Components): Rle[] {
  return idsToRles(labels, size, components.length + 1).slice(1) as Rle[];
}

/** Runs of equal value inside rows: positions from `starts` up to `ends`; row i holds runs `rows[i]` up to `rows[i + 1]`. */
interface Runs {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly rows: Int32Array;
  /** A run of the same component further up or left, or the run itself. */
  readonly parents: Int32Array;
}

/** All runs of values of at least `least`. */
function findRuns({ height, width, data }: LabelMap | Mask, least: 0 | 1): Runs {
  let count = 0;
  for (let i = 0, p = 0; i < height; i++) {
    for (let last = -1, end = p + width; p < end; p++) {
      if (data[p] !== last && data[p] >= least) count++;
      last = data[p];
    }
  }
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  const rows = new Int32Array(height + 1);
  let k = 0;
  for (let i = 0, p = 0; i < height; i++) {
    for (const end = p + width; p < end; ) {
      const value = data[p];
      const start = p++;
      while (p < end && data[p] === value) p++;
      if (value < least) continue;
      starts[k] = start;
      ends[k++] = p;
    }
    rows[i + 1] = k;
  }
  return { starts, ends, rows, parents: Int32Array.from(starts, (_, n) => n) };
}

/** Unites every run with the runs of the same value that touch it in the row above (union–find). */
function joinRuns(
  { starts, ends, rows, parents }: Runs,
  { width, data }: LabelMap | Mask,
  connectivity: 4 | 8,
): void {
  const reach = connectivity === 8 ? 1 : 0;
  for (let i = 1; i + 1 < rows.length; i++) {
    let above = rows[i - 1];
    for (let k = rows[i]; k < rows[i + 1]; k++) {
      const from = starts[k] - width - reach;
      const to = ends[k] - width + reach;
      while (above < rows[i] && ends[above] <= from) above++;
      for (let a = above; a < rows[i] && starts[a] < to; a++)
        if (data[starts[a]] === data[starts[k]]) unite(parents, a, k);
    }
  }
}

function unite(parents: Int32Array, a: number, b: number): void {
  const rootA = rootOf(parents, a);
  const rootB = rootOf(parents, b);
  // The earlier run is the root, so a root is its component's first run.
  if (rootA < rootB) parents[rootB] = rootA;
  else parents[rootA] = rootB;
}

function rootOf(parents: Int32Array, k: number): number {
  let root = k;
  while (parents[root] !== root) {
    parents[root] = parents[parents[root]];
    root = parents[root];
  }
  return root;
}

/** The first run of each component, ascending; from here on every run's parent is its root. */
function rootsOf({ parents }: Runs): number[] {
  const roots: number[] = [];
  for (let k = 0; k < parents.length; k++) {
    if (parents[k] === k) roots.push(k);
    else parents[k] = parents[parents[k]];
  }
  return roots;
}

/** 8-connected components never share a 2×2 block, so the first block orders them. */
function orderByBlock(roots: readonly number[], { starts, rows, parents }: Runs, { width }: Size): number[] {
  const blockOf = new Float64Array(starts.length).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i + 1 < rows.length; i++) {
    for (let k = rows[i]; k < rows[i + 1]; k++) {
      const block = (i >> 1) * width + ((starts[k] - i * width) >> 1);
      blockOf[parents[k]] = Math.min(blockOf[parents[k]], block);
    }
  }
  return roots.toSorted((a, b) => blockOf[a] - blockOf[b]);
}

function collect(
  { starts, ends, rows, parents }: Runs,
  roots: readonly number[],
  { height, width }: Size,
): Components {
  const indexOf = new Int32Array(starts.length);
  for (let c = 0; c < roots.length; c++) indexOf[roots[c]] = c;
  const sums = roots.map(() => ({ area: 0, x: 0, y: 0, x0: width, y0: height, x1: 0, y1: 0 }));
  const labels = new Int32Array(height * width);
  for (let i = 0; i < height; i++) {
    for (let k = rows[i]; k < rows[i + 1]; k++) {
      const c = indexOf[parents[k]];
      const sum = sums[c];
      const x0 = starts[k] - i * width;
      const x1 = ends[k] - i * width;
      sum.area += x1 - x0;
      sum.x += ((x0 + x1 - 1) / 2) * (x1 - x0);
      sum.y += i * (x1 - x0);
      sum.x0 = Math.min(sum.x0, x0);
      sum.x1 = Math.max(sum.x1, x1);
      sum.y0 = Math.min(sum.y0, i);
      sum.y1 = i + 1;
      labels.fill(c + 1, starts[k], ends[k]);
    }
  }
  const components = sums.map(({ area, x, y, x0, y0, x1, y1 }) => ({
    area,
    box: { x0, y0, x1, y1 },
    centroid: { x: x / area, y: y / area },
  }));
  return { height, width, labels, components };
}
