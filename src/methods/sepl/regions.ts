import { type BitMask, emptyBits, rankBits } from "../../core/bit-mask.ts";
import { type ClassId, IGNORE, type LabelMap } from "../../core/label-map.ts";

/** The regions A_c of a label map's P foreground classes, ready to be intersected with proposals. */
export interface Regions {
  /** [P] class ids present, ascending. */
  readonly classes: readonly ClassId[];
  /** [P] A_c. */
  readonly bits: readonly BitMask[];
  /** [P] set bits before each word of A_c. */
  readonly ranks: readonly Uint32Array[];
}

/**
 * The foreground regions of a label map. Ids 0, 255 and those at or above `classCount` belong to none.
 *
 * Only pixels that differ from the one above are looked at: each toggles the region it leaves and the one
 * it enters, and a running XOR down the columns turns toggles into regions.
 */
export function splitRegions(labels: LabelMap, classCount: number): Regions {
  const { height, width, data } = labels;
  const toggles: (BitMask | undefined)[] = [];
  const toggle = (id: ClassId, position: number): void => {
    if (id === 0 || id === IGNORE || id >= classCount) return;
    toggles[id] ??= emptyBits(labels);
    toggles[id].words[position >>> 5] ^= 1 << (position & 31);
  };
  for (let j = 0; j < width; j++) toggle(data[j], j * height);
  forEachVerticalChange(labels, (i, j, p) => {
    toggle(data[p - width], j * height + i);
    toggle(data[p], j * height + i);
  });
  // A column ends where the next begins.
  for (let j = 0, p = (height - 1) * width; j < width; j++, p++) toggle(data[p], (j + 1) * height);

  const classes = Object.keys(toggles).map(Number);
  const bits = classes.map((c) => toggles[c] as BitMask);
  for (const { words } of bits) accumulateToggles(words);
  return { classes, bits, ranks: bits.map(rankBits) };
}

/** Calls `visit(i, j, p)` for every pixel below another id. Rows are compared four pixels at a time: few differ. */
function forEachVerticalChange(
  { height, width, data }: LabelMap,
  visit: (i: number, j: number, p: number) => void,
): void {
  const rowWords = (width + 3) >>> 2;
  const padded = new Uint8Array(rowWords * 4 * height);
  for (let i = 0; i < height; i++) padded.set(data.subarray(i * width, (i + 1) * width), i * rowWords * 4);
  const words = new Int32Array(padded.buffer);
  for (let i = 1, w = rowWords; i < height; i++) {
    for (let j = 0; j < width; j += 4, w++) {
      if (words[w] === words[w - rowWords]) continue;
      for (let p = i * width + j, end = i * width + Math.min(j + 4, width); p < end; p++) {
        if (data[p] !== data[p - width]) visit(i, p - i * width, p);
      }
    }
  }
}

/** Running XOR over all bits, in place: bit q becomes the XOR of bits 0..q. */
function accumulateToggles(words: Uint32Array): void {
  let carry = 0;
  for (let w = 0; w < words.length; w++) {
    let bits = words[w];
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    words[w] = bits ^ carry;
    carry = words[w] >>> 31 === 1 ? -1 : 0;
  }
}
