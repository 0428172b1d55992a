import { type BitMask, emptyBits, rankBits } from "../../core/bit-mask.ts";
import { type ClassId, IGNORE, type LabelMap } from "../../core/label-map.ts";
import { wordsOf } from "../../core/words.ts";

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
  const toggles: (BitMask | undefined)[] = Array(256).fill(undefined);
  const toggle = (id: ClassId, position: number): void => {
    if (id === 0) return;
    const region = toggles[id] ?? begin(id);
    if (region !== undefined) region.words[position >>> 5] ^= 1 << (position & 31);
  };
  const begin = (id: ClassId): BitMask | undefined => {
    if (id !== IGNORE && id < classCount) toggles[id] = emptyBits(labels);
    return toggles[id];
  };
  for (let j = 0; j < width; j++) toggle(data[j], j * height);
  // Rows are compared four pixels at a time: few differ from the one above.
  const rowWords = (width + 3) >>> 2;
  const words = wordRows(labels);
  for (let i = 1, w = rowWords; i < height; i++) {
    for (let j = 0; j < width; j += 4, w++) {
      if (words[w] === words[w - rowWords]) continue;
      for (let p = i * width + j, end = i * width + Math.min(j + 4, width); p < end; p++) {
        if (data[p] === data[p - width]) continue;
        const position = (p - i * width) * height + i;
        toggle(data[p - width], position);
        toggle(data[p], position);
      }
    }
  }
  // A column ends where the next begins.
  for (let j = 0, p = (height - 1) * width; j < width; j++, p++) toggle(data[p], (j + 1) * height);

  const bits = toggles.filter((region) => region !== undefined);
  for (const { words } of bits) accumulateToggles(words);
  const classes = toggles.flatMap((region, id) => (region === undefined ? [] : [id]));
  return { classes, bits, ranks: bits.map(rankBits) };
}

/** The rows of a label map, each padded to whole words of four pixels. */
function wordRows({ height, width, data }: LabelMap): Int32Array {
  if (width % 4 === 0) return wordsOf(data);
  const rowWords = (width + 3) >>> 2;
  const padded = new Uint8Array(rowWords * 4 * height);
  for (let i = 0; i < height; i++) padded.set(data.subarray(i * width, (i + 1) * width), i * rowWords * 4);
  return wordsOf(padded);
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
    bits ^= carry;
    words[w] = bits;
    carry = bits >> 31;
  }
}
