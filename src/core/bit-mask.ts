import type { Size } from "./geometry.ts";
import type { Rle } from "./rle.ts";

/**
 * A mask as bits, column by column like COCO's run lengths: bit q & 31 of word q >> 5 is pixel
 * (row q % H, column q / H). Unions of many run lengths, and counts of runs inside a mask, cost a few
 * operations a run instead of a pass over the pixels.
 */
export interface BitMask extends Size {
  /** ceil(H·W / 32) + 1 words; the bits past H·W are 0. */
  readonly words: Uint32Array;
}

export function emptyBits({ height, width }: Size): BitMask {
  return { height, width, words: new Uint32Array(wordCount(height * width)) };
}

/** One word more than the bits need, so that the position just past the end has a word. */
function wordCount(pixelCount: number): number {
  return (pixelCount >>> 5) + 1;
}

/** Sets the pixels of `rle`, of the same size, in `bits`. */
export function addRle({ words }: BitMask, { counts }: Rle): void {
  for (let r = 1, position = 0; r < counts.length; r += 2) {
    const start = position + counts[r - 1];
    position = start + counts[r];
    setRun(words, start, position);
  }
}

/** Sets bits start..end−1. */
export function setRun(words: Uint32Array, start: number, end: number): void {
  if (start >= end) return;
  const first = start >>> 5;
  const last = (end - 1) >>> 5;
  const head = -1 << (start & 31);
  const tail = -1 >>> (31 - ((end - 1) & 31));
  if (first === last) {
    words[first] |= head & tail;
    return;
  }
  words[first] |= head;
  for (let w = first + 1; w < last; w++) words[w] = 0xffffffff;
  words[last] |= tail;
}

/** Set bits before each word: what `countInside` needs to look a run up in constant time. */
export function rankBits({ words }: BitMask): Uint32Array {
  const ranks = new Uint32Array(words.length + 1);
  for (let w = 0; w < words.length; w++) ranks[w + 1] = ranks[w] + countBits(words[w]);
  return ranks;
}

/** |bits ∩ rle| in pixels, of the same size, with the bits' ranks: two look-ups a run. */
export function countInside({ words }: BitMask, ranks: Uint32Array, { counts }: Rle): number {
  let inside = 0;
  for (let r = 1, position = 0; r < counts.length; r += 2) {
    const start = position + counts[r - 1];
    position = start + counts[r];
    inside += rankAt(words, ranks, position) - rankAt(words, ranks, start);
  }
  return inside;
}

/** Set bits before `position`. */
function rankAt(words: Uint32Array, ranks: Uint32Array, position: number): number {
  const w = position >>> 5;
  return ranks[w] + countBits(words[w] & ~(-1 << (position & 31)));
}

/** The number of ones in 32 bits, added up in parallel (Warren, Hacker's Delight, section 5-1). */
function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Paints the mask's pixels into a row-major map of the same size. */
export function paintBits(data: Uint8Array, { height, width, words }: BitMask, value: number): void {
  const pixelCount = height * width;
  for (let start = nextBit(words, 0, 0); start < pixelCount; ) {
    const end = nextBit(words, start, -1);
    // A run that goes on past its column is painted a column at a time.
    for (let position = start; position < end; ) {
      const column = Math.floor(position / height);
      const top = position - column * height;
      const bottom = Math.min(height, top + end - position);
      for (let q = top * width + column, stop = bottom * width; q < stop; q += width) data[q] = value;
      position += bottom - top;
    }
    start = nextBit(words, end, 0);
  }
}

/** The first position from `from` on whose bit is not that of `skip` (0 or all ones); past the end when there is none. */
function nextBit(words: Uint32Array, from: number, skip: 0 | -1): number {
  let w = from >>> 5;
  let rest = (words[w] ^ skip) & (-1 << (from & 31));
  while (rest === 0 && ++w < words.length) rest = words[w] ^ skip;
  return (w << 5) + 31 - Math.clz32(rest & -rest);
}
