import { inflateSync } from "node:zlib";
import { badFormat } from "../core/error.ts";
import { formatSize, type Size } from "../core/geometry.ts";
import { damaged, type PngFile, type PngHeader, parsePng } from "./png.ts";
import { type FilteredRows, unfilter } from "./png-unfilter.ts";

/** [H, W, channels] samples as the file stores them: palette indices stay indices, 4-bit gray stays 0..15. */
export interface PngImage extends PngHeader {
  /** Uint16Array for 16-bit files. */
  readonly data: Uint8Array | Uint16Array;
  readonly palette: Uint8Array | null;
}

/** A regular subset of the picture that is stored as a picture of its own. */
interface Pass extends Size {
  readonly i: number;
  readonly j: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** Adam7: first row, first column, row step and column step of the seven passes (PNG specification, section 8.2). */
const adam7 = [
  [0, 0, 8, 8],
  [0, 4, 8, 8],
  [4, 0, 8, 4],
  [0, 2, 4, 4],
  [2, 0, 4, 2],
  [0, 1, 2, 2],
  [1, 0, 2, 1],
] as const;

/** Deflate cannot shrink more than this: a stream that is smaller still lies about the size of its picture. */
const MAX_DEFLATE_RATIO = 1032;

/**
 * Decodes any PNG: every color type, depth and filter, interlaced or not. Transparency and color
 * profiles are passed over, samples are never scaled.
 *
 * @param where  path of the file, for messages
 * @throws MaskwrightError BAD_FORMAT if the file is damaged, too large, or its pixels are more or fewer than
 *         its header says
 */
export function decodePng(bytes: Uint8Array, where: string): PngImage {
  const file = parsePng(bytes, where);
  const { height, width, kind, channels, bitDepth, isInterlaced, palette } = file;
  const data = decodePixels(file, inflatePixels(file, where), where);
  return { height, width, kind, channels, bitDepth, isInterlaced, data, palette };
}

/** [H, W, channels] samples from what `inflatePixels` gave. */
export function decodePixels(file: PngHeader, filtered: Uint8Array, where: string): Uint8Array | Uint16Array {
  const passes = passesOf(file);
  const parts: (Uint8Array | Uint16Array)[] = [];
  let start = 0;
  for (const pass of passes) {
    const length = filteredLength(file, pass);
    const rows = unfilter(filteredRows(filtered.subarray(start, start + length), file, pass), where);
    parts.push(unpackSamples(rows, pass.height, pass.width * file.channels, file.bitDepth));
    start += length;
  }
  return file.isInterlaced ? interleave(parts, passes, file) : parts[0];
}

/**
 * The filtered rows of a PNG, each led by its filter byte; for an interlaced file, those of its passes in turn.
 *
 * @throws MaskwrightError BAD_FORMAT if the stream is damaged or inflates to any other length; the output
 *         never grows beyond that length
 */
export function inflatePixels(file: PngFile, where: string): Uint8Array {
  const expected = passesOf(file).reduce((sum, pass) => sum + filteredLength(file, pass), 0);
  const what = `${expected} bytes of pixels for ${formatSize(file)}`;
  if (file.compressed.length * MAX_DEFLATE_RATIO < expected)
    throw badFormat(
      where,
      what,
      `a stream of ${file.compressed.length} bytes`,
      "The header lies about the size.",
    );
  const filtered = inflate(file.compressed, expected, what, where);
  if (filtered.length !== expected) throw badFormat(where, what, String(filtered.length), damaged);
  return filtered;
}

function inflate(compressed: Uint8Array, expected: number, what: string, where: string): Uint8Array {
  try {
    // The slack lets zlib see the end of the stream in its first pass, so that the output is never copied.
    return inflateSync(compressed, { chunkSize: expected + 64, maxOutputLength: expected });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const got = code === "ERR_BUFFER_TOO_LARGE" ? "more" : `a broken zlib stream (${message})`;
    throw badFormat(where, what, got, damaged);
  }
}

function passesOf({ height, width, isInterlaced }: PngHeader): Pass[] {
  if (!isInterlaced) return [{ i: 0, j: 0, rowStep: 1, columnStep: 1, height, width }];
  return adam7
    .map(([i, j, rowStep, columnStep]) => ({
      i,
      j,
      rowStep,
      columnStep,
      height: Math.ceil((height - i) / rowStep),
      width: Math.ceil((width - j) / columnStep),
    }))
    .filter((pass) => pass.height > 0 && pass.width > 0);
}

/** A pass of inflated pixels, ready to be unfiltered. */
function filteredRows(bytes: Uint8Array, file: PngHeader, pass: Size): FilteredRows {
  const step = Math.max(1, (file.channels * file.bitDepth) / 8);
  return { bytes, height: pass.height, length: rowLength(file, pass), step };
}

function rowLength(file: PngHeader, { width }: Size): number {
  return Math.ceil((width * file.channels * file.bitDepth) / 8);
}

function filteredLength(file: PngHeader, pass: Size): number {
  return pass.height * (1 + rowLength(file, pass));
}

/** One array element a sample; rows of packed samples start at a byte, the leftmost sample in the highest bits. */
function unpackSamples(
  rows: Uint8Array,
  height: number,
  samplesPerRow: number,
  bitDepth: number,
): Uint8Array | Uint16Array {
  if (bitDepth === 8) return rows;
  if (bitDepth === 16) {
    const samples = new Uint16Array(height * samplesPerRow);
    for (let p = 0; p < samples.length; p++) samples[p] = (rows[2 * p] << 8) | rows[2 * p + 1];
    return samples;
  }
  const samples = new Uint8Array(height * samplesPerRow);
  const length = Math.ceil((samplesPerRow * bitDepth) / 8);
  const last = (1 << bitDepth) - 1;
  for (let i = 0, p = 0; i < height; i++) {
    for (let j = 0, bit = i * length * 8; j < samplesPerRow; j++, p++, bit += bitDepth) {
      samples[p] = (rows[bit >> 3] >> (8 - bitDepth - (bit & 7))) & last;
    }
  }
  return samples;
}

function interleave(
  parts: readonly (Uint8Array | Uint16Array)[],
  passes: readonly Pass[],
  { height, width, channels, bitDepth }: PngHeader,
): Uint8Array | Uint16Array {
  const count = height * width * channels;
  const data = bitDepth === 16 ? new Uint16Array(count) : new Uint8Array(count);
  for (const [index, pass] of passes.entries()) {
    const part = parts[index];
    for (let i = 0, p = 0; i < pass.height; i++) {
      for (let j = 0; j < pass.width; j++) {
        const to = ((pass.i + i * pass.rowStep) * width + pass.j + j * pass.columnStep) * channels;
        for (let c = 0; c < channels; c++, p++) data[to + c] = part[p];
      }
    }
  }
  return data;
}
