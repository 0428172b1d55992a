import { shapeMismatch } from "../../core/error.ts";
import { formatSize, isSameSize } from "../../core/geometry.ts";
import { type ClassId, IGNORE, type LabelMap } from "../../core/label-map.ts";
import type { Rle } from "../../core/rle.ts";

/** How N proposals lie over the regions A_c of a label map's P foreground classes. All counts are pixels. */
export interface Overlaps {
  /** [P] class ids present in the label map, ascending. */
  readonly classes: readonly ClassId[];
  /** [P] |A_c|. */
  readonly classAreas: Uint32Array;
  /** [N] |S_k|. */
  readonly proposalAreas: Uint32Array;
  /** [N, P] |A_c ∩ S_k|. */
  readonly intersections: Uint32Array;
}

/** The label map's pixels as runs of one class, column by column: the order COCO's run lengths use. */
export interface LabelRuns {
  /** Flat column-major position of each run's first pixel, then H·W. */
  readonly starts: Uint32Array;
  /** Row of `classes` + 1 for each run; 0 for background, ignore and ids out of range. */
  readonly rows: Uint8Array;
  /** [W] the run that holds each column's first pixel: where a walk may begin. */
  readonly columnRun: Uint32Array;
}

/** The foreground classes of a label map below `classCount`, ascending, with their areas. */
export function presentClasses(
  counts: Uint32Array,
  classCount: number,
): { classes: ClassId[]; areas: Uint32Array } {
  const classes: ClassId[] = [];
  for (let c = 1; c < Math.min(classCount, IGNORE); c++) if (counts[c] > 0) classes.push(c);
  return { classes, areas: Uint32Array.from(classes, (c) => counts[c]) };
}

/** Splits a label map into column-major runs; classes not in `classes` count as background. */
export function labelRuns({ height, width, data }: LabelMap, classes: readonly ClassId[]): LabelRuns {
  const rowOf = new Uint8Array(256);
  for (let p = 0; p < classes.length; p++) rowOf[classes[p]] = p + 1;

  // Runs break where a pixel differs from the one above, and at each column's top.
  let capacity = Math.max(1024, 8 * width);
  let starts = new Uint32Array(capacity);
  let rows = new Uint8Array(capacity);
  const columnRun = new Uint32Array(width);
  let count = 0;
  for (let j = 0; j < width; j++) {
    if (count + height + 1 > capacity) {
      capacity = 2 * capacity + height;
      starts = grown(starts, new Uint32Array(capacity));
      rows = grown(rows, new Uint8Array(capacity));
    }
    columnRun[j] = count;
    let last = -1;
    for (let i = 0, p = j; i < height; i++, p += width) {
      const id = data[p];
      if (id === last) continue;
      last = id;
      starts[count] = j * height + i;
      rows[count++] = rowOf[id];
    }
  }
  starts[count] = height * width;
  return { starts: starts.subarray(0, count + 1), rows: rows.subarray(0, count), columnRun };
}

function grown<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/**
 * Counts |A_c ∩ S_k| for all classes and proposals, run against run: no pixel is touched twice.
 *
 * @param labels  [H, W] class ids
 * @param rles    N masks of the same H × W
 * @throws MaskwrightError SHAPE_MISMATCH naming the first mask whose size differs
 * @see specs: SEPL section 5, "all decisions come from this matrix"
 */
export function countOverlaps(
  labels: LabelMap,
  runs: LabelRuns,
  { classes, areas }: { classes: readonly ClassId[]; areas: Uint32Array },
  rles: readonly Rle[],
): Overlaps {
  const { height } = labels;
  const { starts, rows, columnRun } = runs;
  const stride = classes.length + 1; // slot 0 collects the background and is dropped below
  const proposalAreas = new Uint32Array(rles.length);
  const intersections = new Uint32Array(rles.length * classes.length);
  const inside = new Float64Array(stride);
  for (let k = 0; k < rles.length; k++) {
    if (!isSameSize(rles[k], labels)) {
      throw shapeMismatch(`proposal ${k}`, `${formatSize(labels)} like its label map`, formatSize(rles[k]));
    }
    const { counts } = rles[k];
    inside.fill(0);
    let area = 0;
    let end = 0;
    for (let r = 0; r < counts.length; r++) {
      const start = end;
      end += counts[r];
      if ((r & 1) === 0 || end === start) continue;
      area += end - start;
      let run = columnRun[Math.floor(start / height)];
      while (starts[run + 1] <= start) run++;
      for (let from = start; from < end; run++) {
        const to = Math.min(end, starts[run + 1]);
        inside[rows[run]] += to - from;
        from = to;
      }
    }
    proposalAreas[k] = area;
    for (let p = 0; p < classes.length; p++) intersections[k * classes.length + p] = inside[p + 1];
  }
  return { classes, classAreas: areas, proposalAreas, intersections };
}
