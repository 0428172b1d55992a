import { badFormat } from "../../core/error.ts";
import type { Size } from "../../core/geometry.ts";
import type { Mask } from "../../core/mask.ts";

/** Bits of a run's length, by the code in front of it: as Label Studio writes them. */
const SIZES = [3, 4, 8, 16] as const;
const WORD = 8;
/** Samples of a pixel: Label Studio keeps an RGBA picture of each region. */
const CHANNELS = 4;

/**
 * Label Studio's run lengths of a mask: bits, highest first, of the number of samples (32), of the word's size less one (5), of
 * four sizes less one (4 each); then runs of a flag, a size's number (2), the length less one in that many bits, and the value. Every set pixel
 * has 255 in all four channels.
 *
 * @see label-studio-converter, `brush.py` (`encode_rle`), after thi.ng's rle-pack
 */
export function encodeBrush({ data }: Mask): number[] {
  const bytes: number[] = [];
  let byte = 0;
  let used = 0;
  const put = (value: number, bits: number): void => {
    for (let bit = bits - 1; bit >= 0; bit--) {
      byte = (byte << 1) | (Math.floor(value / 2 ** bit) & 1);
      if (++used < 8) continue;
      bytes.push(byte);
      byte = 0;
      used = 0;
    }
  };
  put(data.length * CHANNELS, 32);
  put(WORD - 1, 5);
  for (const size of SIZES) put(size - 1, 4);
  for (let p = 0; p < data.length; ) {
    const start = p;
    while (p < data.length && (data[p] === 0) === (data[start] === 0)) p++;
    const value = data[start] === 0 ? 0 : 255;
    for (let left = (p - start) * CHANNELS; left > 0; ) {
      const length = Math.min(left, 2 ** SIZES[3]);
      const k = SIZES.findIndex((size) => length <= 2 ** size);
      put(1, 1);
      put(k, 2);
      put(length - 1, SIZES[k]);
      put(value, WORD);
      left -= length;
    }
  }
  if (used > 0) put(0, 8 - used);
  return bytes;
}

/**
 * The mask of Label Studio's run lengths: set where the last of a pixel's four channels is.
 *
 * @throws MaskwrightError BAD_FORMAT for another number of samples than the picture's, or bits that end early
 */
export function decodeBrush(bytes: ArrayLike<number>, { height, width }: Size, where: string): Mask {
  let at = 0; // bits
  const take = (bits: number): number => {
    if (at + bits > bytes.length * 8)
      throw badFormat(where, "bits for every pixel", `an end after ${bytes.length} bytes`);
    let value = 0;
    for (let bit = 0; bit < bits; bit++, at++) value = value * 2 + ((bytes[at >> 3] >> (7 - (at & 7))) & 1);
    return value;
  };
  const count = take(32);
  const expected = height * width * CHANNELS;
  if (count !== expected)
    throw badFormat(where, `${expected} samples (${height}×${width} pixels of 4)`, `${count}`);
  const word = take(5) + 1;
  const sizes = SIZES.map(() => take(4) + 1);
  const data = new Uint8Array(height * width);
  for (let n = 0; n < count; ) {
    const isRun = take(1) === 1;
    const length = take(sizes[take(2)]) + 1;
    if (n + length > count) throw badFormat(where, `${count} samples`, "more");
    if (isRun) {
      const value = take(word);
      // Channel 3 of pixel p is sample 4 p + 3.
      if (value !== 0) data.fill(1, n >> 2, (n + length) >> 2);
      n += length;
    } else for (const end = n + length; n < end; n++) if (take(word) !== 0 && (n & 3) === 3) data[n >> 2] = 1;
  }
  return { height, width, data };
}
