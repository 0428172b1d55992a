import { badFormat } from "../core/error.ts";
import type { Mask } from "../core/mask.ts";
import type { Rle } from "../core/rle.ts";
import { wordsOf } from "../core/words.ts";
import { readFileBytes } from "./paths.ts";
import { type PngHeader, parsePng } from "./png.ts";
import { decodePixels, inflatePixels } from "./png-decode.ts";
import { encodePng } from "./png-encode.ts";
import { nextOther } from "./png-unfilter.ts";
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
  const { edges, set } = isAllSub(filtered, file)
    ? edgesOfSubRows(filtered, file, where)
    : edgesOfValues(decodePixels(file, filtered, where) as Uint8Array, file, where);
  return { rle: rleFromRowEdges(edges), encoding: encodingOf(set, file) };
}

/** An 8-bit gray PNG of 0 and 255, as SAM's own tools write masks. */
export function encodeMask(mask: Mask): Uint8Array {
  const white = new Uint8Array(mask.data.length);
  for (let p = 0; p < white.length; p++) white[p] = -mask.data[p]; // 1 becomes 255
  return encodePng(mask, white, null);
}

/** Row edges, and the value of the set pixels: 0 when there are none. */
interface FoundEdges {
  readonly edges: RowEdges;
  readonly set: number;
}

function isAllSub(filtered: Uint8Array, { height, width, bitDepth, isInterlaced }: PngHeader): boolean {
  if (bitDepth !== 8 || isInterlaced) return false;
  for (let i = 0; i < height; i++) if (filtered[i * (width + 1)] !== 1) return false;
  return true;
}

/** Edges of rows that are filtered by Sub, [H, 1 + W]: a byte is what its pixel exceeds the pixel on the left by. */
function edgesOfSubRows(filtered: Uint8Array, file: PngHeader, where: string): FoundEdges {
  const { height, width } = file;
  // Without the filter bytes, zeros run on from row to row and are skipped together.
  for (let i = 0; i < height; i++) filtered[i * (width + 1)] = 0;
  const words = wordsOf(filtered);
  const starts = new Int32Array(height + 1);
  let columns = new Int32Array(4 * height + width);
  let length = 0;
  let set = 0;
  let k = nextOther(filtered, words, 0, 0, filtered.length);
  for (let i = 0; i < height; i++) {
    const from = i * (width + 1) + 1;
    const end = from + width;
    if (length + width > columns.length) columns = grown(columns, length + width);
    for (let value = 0; k < end; k = nextOther(filtered, words, 0, k + 1, filtered.length)) {
      value = (value + filtered[k]) & 255;
      if (value !== 0 && value !== set) set = checkValue(value, set, file, i, k - from, where);
      columns[length++] = k - from;
    }
    starts[i + 1] = length;
  }
  return { edges: { height, width, columns, starts }, set };
}

/** Edges of plain values, [H, W]. */
function edgesOfValues(data: Uint8Array, file: PngHeader, where: string): FoundEdges {
  const { height, width } = file;
  const words = wordsOf(data);
  const starts = new Int32Array(height + 1);
  let columns = new Int32Array(4 * height + width);
  let length = 0;
  let set = 0;
  for (let i = 0; i < height; i++) {
    const from = i * width;
    const end = from + width;
    if (length + width > columns.length) columns = grown(columns, length + width);
    for (
      let value = 0, k = nextOther(data, words, 0, from, end);
      k < end;
      k = nextOther(data, words, value, k, end)
    ) {
      value = data[k];
      if (value !== 0 && value !== set) set = checkValue(value, set, file, i, k - from, where);
      columns[length++] = k - from;
    }
    starts[i + 1] = length;
  }
  return { edges: { height, width, columns, starts }, set };
}

/** The value a pixel sets the mask by, when it may: white or 1, and the same in the whole file. */
function checkValue(
  value: number,
  set: number,
  file: PngHeader,
  i: number,
  j: number,
  where: string,
): number {
  const white = file.kind === "gray" ? (1 << file.bitDepth) - 1 : 255;
  if (set === 0 && (value === 1 || value === white)) return value;
  throw badFormat(
    `${where}: row ${i}, column ${j}`,
    set === 0 ? `a mask of 0 and ${white}, or of 0 and 1` : `0 or ${set} as in the pixels before`,
    String(value),
    "One mask a file, every pixel either set or clear; a map of several classes is no mask.",
  );
}

function encodingOf(set: number, { kind, bitDepth }: PngHeader): MaskEncoding {
  if (set !== 1) return "0/255";
  if (kind === "palette") return "palette";
  return bitDepth === 1 ? "1-bit" : "0/1";
}
