import { invalid } from "./error.ts";
import { checkSameSize, type Rle } from "./rle.ts";

// Truth tables of two masks: bit 2·a + b is the result for values a and b.
const UNION = 0b1110;
const INTERSECTION = 0b1000;
const DIFFERENCE = 0b0100;

/** Pixels set in at least one. @throws MaskwrightError INVALID_ARGUMENT for no masks, SHAPE_MISMATCH for mixed sizes */
export function unionRles(rles: readonly Rle[]): Rle {
  return combineAll("unionRles", rles, UNION);
}

/** Pixels set in every one. @throws MaskwrightError INVALID_ARGUMENT for no masks, SHAPE_MISMATCH for mixed sizes */
export function intersectRles(rles: readonly Rle[]): Rle {
  return combineAll("intersectRles", rles, INTERSECTION);
}

/** Pixels set in `a` and not in `b`. @throws MaskwrightError SHAPE_MISMATCH */
export function subtractRle(a: Rle, b: Rle): Rle {
  checkSameSize("subtractRle", a, b);
  return combine(a, b, DIFFERENCE);
}

/** Merges neighbors, then neighbors of those: every run is read log2(n) times instead of n. */
function combineAll(where: string, rles: readonly Rle[], table: number): Rle {
  if (rles.length === 0) throw invalid(where, "at least one mask", rles);
  let level = rles;
  while (level.length > 1) {
    const next: Rle[] = [];
    for (let k = 0; k < level.length; k += 2) {
      if (k + 1 < level.length) checkSameSize(where, level[k], level[k + 1]);
      next.push(k + 1 < level.length ? combine(level[k], level[k + 1], table) : level[k]);
    }
    level = next;
  }
  return level[0];
}

/** One pass over both run lists; a run is written only where the result changes, so none but the first is empty. */
function combine(a: Rle, b: Rle, table: number): Rle {
  const [ca, cb] = [a.counts, b.counts];
  const end = a.height * a.width;
  const runs = new Uint32Array(ca.length + cb.length + 1);
  let [ka, kb, k] = [1, 1, 0];
  let [endA, endB] = [ca[0], cb[0]];
  let [q, start, value] = [0, 0, 0];
  while (q < end) {
    const now = (table >> (((ka & 1) ^ 1) * 2 + ((kb & 1) ^ 1))) & 1;
    const next = Math.min(endA, endB);
    if (now !== value && next > q) {
      runs[k++] = q - start;
      start = q;
      value = now;
    }
    q = next;
    if (endA === q && q < end) endA += ca[ka++];
    if (endB === q && q < end) endB += cb[kb++];
  }
  runs[k++] = end - start;
  return { height: a.height, width: a.width, counts: runs.slice(0, k) };
}

/** Pixels set in both: a walk over the two run lists that allocates nothing. @throws MaskwrightError SHAPE_MISMATCH */
export function intersectionArea(a: Rle, b: Rle): number {
  checkSameSize("intersectionArea", a, b);
  const [ca, cb] = [a.counts, b.counts];
  let shared = 0;
  let [startA, startB] = [ca[0], cb[0]];
  for (let ka = 1, kb = 1; ka < ca.length && kb < cb.length; ) {
    const endA = startA + ca[ka];
    const endB = startB + cb[kb];
    const common = Math.min(endA, endB) - Math.max(startA, startB);
    if (common > 0) shared += common;
    // The run that ends first meets nothing more.
    if (endA < endB) {
      startA = endA + ca[ka + 1];
      ka += 2;
    } else {
      startB = endB + cb[kb + 1];
      kb += 2;
    }
  }
  return shared;
}
