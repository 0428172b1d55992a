import { badFormat } from "./error.ts";
import type { Size } from "./geometry.ts";
import { checkSize } from "./limits.ts";
import { checkSum, type Rle } from "./rle.ts";

/**
 * COCO's compressed counts: from the fourth on, a count is written as its difference to the one
 * two before. A number is cut into groups of 5 bits, lowest first, two's complement; bit 5 says
 * that more follow; each group is one character from "0" (48) to "o" (111).
 */
const FIRST_CHAR = 48;
/** Six groups hold any difference of two counts under the pixel limit (28 bits with the sign). */
const MAX_SHIFT = 25;

// Most masks fit these two buffers; an allocation for each of thousands would cost more than the coding.
const someCounts = new Uint32Array(1 << 15);
const someChars = new Uint8Array(1 << 16);
const ascii = new TextDecoder();
const utf8 = new TextEncoder();

/** COCO's compressed string of an RLE, as pycocotools writes it. */
export function encodeRleString({ counts }: Rle): string {
  const most = 6 * counts.length;
  const chars = most <= someChars.length ? someChars : new Uint8Array(most);
  let n = 0;
  let last = 0;
  let lastButOne = 0;
  for (let k = 0; k < counts.length; k++) {
    const count = counts[k];
    let rest = k > 2 ? count - lastButOne : count;
    lastButOne = last;
    last = count;
    // What is left after a group must be its sign, or more follows.
    for (; rest < -16 || rest > 15; rest >>= 5) chars[n++] = (rest & 31) + 32 + FIRST_CHAR;
    chars[n++] = (rest & 31) + FIRST_CHAR;
  }
  return ascii.decode(chars.subarray(0, n));
}

/**
 * The RLE of a compressed string.
 *
 * @param where  what the message names: a file and key
 * @throws MaskwrightError BAD_FORMAT for a size over the limit, a character out of range, a number too long or cut
 *         short, a negative count, or counts that do not sum to H·W
 */
export function decodeRleString(text: string, size: Size, where = "rle"): Rle {
  const { height, width } = size;
  checkSize(where, size);
  const counts = text.length <= someCounts.length ? someCounts : new Uint32Array(text.length);
  const chars = text.length <= someChars.length ? someChars : new Uint8Array(text.length);
  // Bytes are read twice as fast as characters; a character of more bytes than one does not belong here.
  const { written: length } = utf8.encodeInto(text, chars);
  if (length !== text.length) throw badGroup(text, text.search(/[^0-o]/), where);
  let k = 0;
  let sum = 0;
  let last = 0;
  let lastButOne = 0;
  for (let n = 0; n < length; ) {
    let group = chars[n++] - FIRST_CHAR;
    if (group >>> 6 !== 0) throw badGroup(text, n - 1, where);
    let count = group & 31;
    let shift = 5;
    for (; group > 31; shift += 5) {
      group = chars[n++] - FIRST_CHAR;
      if (group >>> 6 !== 0 || shift > MAX_SHIFT || n > length) throw badGroup(text, n - 1, where);
      count |= (group & 31) << shift;
    }
    count = (count << (32 - shift)) >> (32 - shift); // the sign is any
    if (k > 2) count += lastButOne;
    if (count < 0) throw badFormat(`${where}: counts[${k}]`, "a run length >= 0", String(count));
    lastButOne = last;
    last = count;
    counts[k++] = count;
    sum += count;
  }
  checkSum(where, size, sum);
  return { height, width, counts: counts.slice(0, k) };
}

function badGroup(text: string, n: number, where: string): Error {
  if (n >= text.length) return badFormat(`${where}: counts`, "a complete number at the end", "a cut one");
  const code = text.charCodeAt(n);
  if (code >= FIRST_CHAR && code < FIRST_CHAR + 64)
    return badFormat(
      `${where}: counts`,
      "numbers of at most 6 characters",
      `a longer one before offset ${n}`,
    );
  return badFormat(
    `${where}: counts`,
    'characters from "0" to "o" (compressed COCO run lengths)',
    `${JSON.stringify(text[n])} at offset ${n}`,
  );
}
