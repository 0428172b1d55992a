import type { Size } from "./geometry.ts";
import { wordsOf } from "./words.ts";

export type ClassId = number;

export const BACKGROUND = 0;
/** Void: the pixel belongs to no class and takes part in no metric. */
export const IGNORE = 255;

/** [H, W] class ids, row-major. */
export interface LabelMap extends Size {
  readonly data: Uint8Array;
}

/** Pixels of each id: 256 counts. Runs of equal words are counted at once: label maps are flat nearly everywhere. */
export function countLabels({ data }: LabelMap): Uint32Array {
  const counts = new Uint32Array(256);
  const words = wordsOf(data);
  for (let start = 0, end = 0; start < words.length; start = end) {
    const word = words[start];
    do end++;
    while (end < words.length && words[end] === word);
    for (let shift = 0; shift < 32; shift += 8) counts[(word >>> shift) & 255] += end - start;
  }
  for (let p = words.length * 4; p < data.length; p++) counts[data[p]]++;
  return counts;
}

/** How two label maps of one picture differ; all counts are pixels. */
export interface LabelComparison {
  /** [256] pixels of each id. */
  readonly before: Uint32Array;
  readonly after: Uint32Array;
  /** Pixels at which the two differ. */
  readonly changed: number;
}

/** Compares two maps of the same size in one pass, a run of equal words at a time. */
export function compareLabels(before: LabelMap, after: LabelMap): LabelComparison {
  const had = new Uint32Array(256);
  const has = new Uint32Array(256);
  let changed = 0;
  const count = (from: ClassId, to: ClassId, pixels: number): void => {
    had[from] += pixels;
    has[to] += pixels;
    if (from !== to) changed += pixels;
  };
  const a = wordsOf(before.data);
  const b = wordsOf(after.data);
  for (let start = 0, end = 0; start < a.length; start = end) {
    const from = a[start];
    const to = b[start];
    do end++;
    while (end < a.length && a[end] === from && b[end] === to);
    for (let shift = 0; shift < 32; shift += 8)
      count((from >>> shift) & 255, (to >>> shift) & 255, end - start);
  }
  for (let p = a.length * 4; p < before.data.length; p++) count(before.data[p], after.data[p], 1);
  return { before: had, after: has, changed };
}

/** The classes present, ascending, without background and ignore. */
export function foregroundClasses(labels: LabelMap): ClassId[] {
  const counts = countLabels(labels);
  const classes: ClassId[] = [];
  for (let c = 1; c < IGNORE; c++) if (counts[c] > 0) classes.push(c);
  return classes;
}

/**
 * The VOC palette, 256 × RGB: the bits of the class id, lowest first, are dealt out to red, green and
 * blue from the highest bit down (VOC devkit, `VOClabelcolormap.m`). Class 255 is (224, 224, 192).
 */
export function vocPalette(): Uint8Array {
  const palette = new Uint8Array(256 * 3);
  for (let id = 0; id < 256; id++) {
    for (let bit = 0, rest = id; bit < 8; bit++, rest >>= 3) {
      palette[id * 3] |= (rest & 1) << (7 - bit);
      palette[id * 3 + 1] |= ((rest >> 1) & 1) << (7 - bit);
      palette[id * 3 + 2] |= ((rest >> 2) & 1) << (7 - bit);
    }
  }
  return palette;
}
