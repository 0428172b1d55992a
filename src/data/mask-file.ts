import { badFormat, type MaskwrightError } from "../core/error.ts";
import type { Mask } from "../core/mask.ts";
import type { Rle } from "../core/rle.ts";
import { readFileBytes } from "./paths.ts";
import { type PngHeader, parsePng } from "./png.ts";
import { decodePng, inflatePixels } from "./png-decode.ts";
import { encodePng } from "./png-encode.ts";
import { nextNonZero, wordsOf } from "./png-unfilter.ts";
import { grown, type RowEdges, rleFromRowEdges } from "./row-edges.ts";

/**
 * How a mask file says "set": white ("0/255"), gray value 1 ("0/1"), a 1-bit gray file, or index 1 of a
 * palette. The published SEPL code sees only "0/255" and takes the rest for empty masks. A file without a
 * set pixel counts as "0/255".
 */
export type MaskEncoding = "0/255" | "0/1" | "1-bit" | "palette";

export interface MaskFile {
  readonly rle: Rle;
  readonly encoding: MaskEncoding;
}

/**
 * The mask in a PNG file; see `decodeMaskRle`.
 *
 * @throws MaskwrightError NOT_FOUND or BAD_FORMAT, with the path
 */
export function readMaskRle(path: string): MaskFile {
  return decodeMaskRle(readFileBytes(path), path);
}

/**
 * The mask in a PNG of one channel. Set pixels are all 255 (or white at the file's own depth), or all 1.
 *
 * Masks are mostly written with the row filter Sub, whose bytes are zero wherever a pixel equals its left
 * neighbor. Such files are never turned into pixels: what is not zero are the row edges, and the run
 * lengths follow from those.
 *
 * @param where  path of the file, for messages
 * @throws MaskwrightError BAD_FORMAT if the file is damaged, has more channels, or holds any other value
 */
export function decodeMaskRle(bytes: Uint8Array, where: string): MaskFile {
  const file = parsePng(bytes, where);
  const { kind } = file;
  if (kind !== "gray" && kind !== "palette")
    throw badFormat(
      where,
      "a mask of one channel (gray or palette)",
      `a picture of kind ${kind}`,
      "Save each mask as 8-bit gray with 0 and 255.",
    );
  if (file.bitDepth === 16)
    throw badFormat(
      where,
      "a mask of at most 8 bits",
      "16 bits",
      "Save each mask as 8-bit gray with 0 and 255.",
    );
  const filtered = inflatePixels(file, where);
  const isSparse = file.bitDepth === 8 && !file.isInterlaced && isSubOrNone(filtered, file);
  const { edges, set } = isSparse
    ? findEdges({ data: filtered, lead: 1 }, file, where)
    : findEdges({ data: decodePng(bytes, where).data as Uint8Array, lead: 0 }, file, where);
  return { rle: rleFromRowEdges(edges), encoding: encodingOf(set, file) };
}

/** An 8-bit gray PNG of 0 and 255, as SAM's own tools write masks. */
export function encodeMask({ height, width, data }: Mask): Uint8Array {
  return encodePng(
    { height, width },
    data.map((value) => (value === 0 ? 0 : 255)),
    null,
  );
}

function isSubOrNone(filtered: Uint8Array, { height, width }: PngHeader): boolean {
  for (let i = 0, p = 0; i < height; i++, p += width + 1) if (filtered[p] > 1) return false;
  return true;
}

/** [H, lead + W] values. With lead 1 each row is led by its filter, None or Sub; with lead 0 they are plain. */
interface Rows {
  readonly data: Uint8Array;
  readonly lead: 0 | 1;
}

/** The row edges, and the value of the set pixels: 0 when there are none. */
function findEdges({ data, lead }: Rows, file: PngHeader, where: string): { edges: RowEdges; set: number } {
  const { height, width } = file;
  const words = wordsOf(data);
  const starts = new Int32Array(height + 1);
  let columns = new Int32Array(4 * height + width);
  let length = 0;
  let set = 0;
  for (let i = 0; i < height; i++) {
    const from = i * (width + lead) + lead;
    const end = from + width;
    const isSub = lead === 1 && data[from - 1] === 1;
    if (length + width > columns.length) columns = grown(columns, length + width);
    for (let k = from, value = 0; ; k++) {
      k = isSub ? nextNonZero(data, words, k, end) : nextOther(data, value, k, end);
      if (k === end) break;
      value = isSub ? (value + data[k]) & 255 : data[k];
      if (value !== 0 && value !== set) {
        if (set !== 0 || !isSetValue(value, file))
          throw unexpectedValue(`${where}: row ${i}, column ${k - from}`, set, value);
        set = value;
      }
      columns[length++] = k - from;
    }
    starts[i + 1] = length;
  }
  return { edges: { height, width, columns, starts }, set };
}

/** The first index in start..end−1 where the byte is not `value`, or `end`. */
function nextOther(bytes: Uint8Array, value: number, start: number, end: number): number {
  let k = start;
  while (k < end && bytes[k] === value) k++;
  return k;
}

function isSetValue(value: number, { kind, bitDepth }: PngHeader): boolean {
  return value === 1 || value === (kind === "gray" ? (1 << bitDepth) - 1 : 255);
}

function encodingOf(set: number, { kind, bitDepth }: PngHeader): MaskEncoding {
  if (set !== 1) return "0/255";
  if (kind === "palette") return "palette";
  return bitDepth === 1 ? "1-bit" : "0/1";
}

function unexpectedValue(where: string, set: number, value: number): MaskwrightError {
  return badFormat(
    where,
    set === 0 ? "a mask of 0 and 255, or of 0 and 1" : `0 or ${set} as in the pixels before`,
    String(value),
    "One mask a file, every pixel either set or clear; a map of several classes is no mask.",
  );
}
