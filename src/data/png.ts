import { crc32 } from "node:zlib";
import { badFormat } from "../core/error.ts";
import type { Size } from "../core/geometry.ts";
import { checkSize } from "../core/limits.ts";

/** The kinds of sample a PNG holds, by its color type. */
export type PngKind = "gray" | "rgb" | "palette" | "gray+alpha" | "rgb+alpha";

export interface PngHeader extends Size {
  readonly kind: PngKind;
  /** Samples a pixel. */
  readonly channels: number;
  /** Bits a sample. */
  readonly bitDepth: number;
  /** Adam7. */
  readonly isInterlaced: boolean;
}

/** The parts of a PNG file that pixels come from; checked, but still compressed. */
export interface PngFile extends PngHeader {
  /** N × RGB; null when the file has none. */
  readonly palette: Uint8Array | null;
  /** The IDAT chunks in one piece: a zlib stream of filtered rows. */
  readonly compressed: Uint8Array;
}

interface Format {
  readonly kind: PngKind;
  readonly channels: number;
  readonly bitDepths: readonly number[];
}

/** PNG specification, table 12: color types and the depths each allows. */
const formats = new Map<number, Format>([
  [0, { kind: "gray", channels: 1, bitDepths: [1, 2, 4, 8, 16] }],
  [2, { kind: "rgb", channels: 3, bitDepths: [8, 16] }],
  [3, { kind: "palette", channels: 1, bitDepths: [1, 2, 4, 8] }],
  [4, { kind: "gray+alpha", channels: 2, bitDepths: [8, 16] }],
  [6, { kind: "rgb+alpha", channels: 4, bitDepths: [8, 16] }],
]);

/** The eight bytes every PNG starts with. */
export const pngSignature: Uint8Array = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** The hint for a file that no program would write. */
export const damaged = "The file is damaged or was not written to its end; make it again.";

/**
 * The header and the compressed pixels of a PNG. Everything that can be known without inflating is
 * checked here: chunk lengths and checksums, sizes against the limit, the order of the chunks, and that
 * the file goes on to its IEND. Bytes after IEND and chunks that do not make pixels are passed over.
 *
 * @param where  path of the file, for messages
 * @throws MaskwrightError BAD_FORMAT naming the path, the chunk and its byte offset
 */
export function parsePng(bytes: Uint8Array, where: string): PngFile {
  checkSignature(bytes, where);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: PngHeader | null = null;
  let palette: Uint8Array | null = null;
  const parts: Uint8Array[] = [];
  for (let offset = pngSignature.length; ; ) {
    const { type, body, end } = readChunk(bytes, view, offset, where);
    const at = `${where}: chunk ${type} at byte ${offset}`;
    if (header === null) {
      if (type !== "IHDR") throw badFormat(at, "the IHDR chunk first", type, damaged);
      header = readHeader(body, at, where);
    } else if (type === "PLTE") {
      if (body.length === 0 || body.length % 3 !== 0 || body.length > 768)
        throw badFormat(at, "1 to 256 colors of 3 bytes", `${body.length} bytes`, damaged);
      palette = body;
    } else if (type === "IDAT") {
      parts.push(body);
    } else if (type === "IEND") {
      break;
    }
    offset = end;
  }
  if (parts.length === 0) throw badFormat(where, "an IDAT chunk with the pixels", "none", damaged);
  if (header.kind === "palette" && palette === null)
    throw badFormat(where, "a PLTE chunk with the colors", "none", damaged);
  return { ...header, palette, compressed: parts.length === 1 ? parts[0] : Buffer.concat(parts) };
}

function checkSignature(bytes: Uint8Array, where: string): void {
  if (bytes.length === 0) throw badFormat(where, "a PNG file", "an empty file", damaged);
  for (let i = 0; i < pngSignature.length; i++) {
    if (bytes[i] === pngSignature[i]) continue;
    const start = Buffer.from(bytes.subarray(0, 8)).toString("hex");
    throw badFormat(where, "a PNG file", `a file that starts with ${start}`, "Save the picture as PNG.");
  }
}

function readChunk(bytes: Uint8Array, view: DataView, offset: number, where: string) {
  if (offset + 12 > bytes.length)
    throw badFormat(where, "a chunk up to IEND", `the end of the file at byte ${bytes.length}`, damaged);
  const length = view.getUint32(offset);
  const type = chunkType(bytes, offset + 4);
  const at = `${where}: chunk ${type} at byte ${offset}`;
  const end = offset + 12 + length;
  if (end > bytes.length)
    throw badFormat(
      at,
      `${length} bytes`,
      `${bytes.length - offset - 12} up to the end of the file`,
      damaged,
    );
  const checksum = crc32(bytes.subarray(offset + 4, end - 4));
  const stored = view.getUint32(end - 4);
  if (checksum !== stored) throw badFormat(at, `checksum ${hex(stored)}`, hex(checksum), damaged);
  return { type, body: bytes.subarray(offset + 8, end - 4), end };
}

function readHeader(body: Uint8Array, at: string, where: string): PngHeader {
  if (body.length !== 13) throw badFormat(at, "13 bytes", String(body.length), damaged);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const size = { height: view.getUint32(4), width: view.getUint32(0) };
  const [bitDepth, colorType, compression, filter, interlace] = body.subarray(8);
  checkSize(where, size);
  const format = formats.get(colorType);
  if (format === undefined || !format.bitDepths.includes(bitDepth))
    throw badFormat(at, "a color type and depth of PNG", `type ${colorType} at ${bitDepth} bits`, damaged);
  if (compression !== 0 || filter !== 0 || interlace > 1)
    throw badFormat(at, "methods 0, 0 and 0 or 1", `${compression}, ${filter} and ${interlace}`, damaged);
  const { kind, channels } = format;
  return { ...size, kind, channels, bitDepth, isInterlaced: interlace === 1 };
}

/** Four letters; anything else is written as hex, so that a damaged file cannot put bytes into a message. */
function chunkType(bytes: Uint8Array, offset: number): string {
  const type = Buffer.from(bytes.subarray(offset, offset + 4));
  const text = type.toString("latin1");
  return /^[A-Za-z]{4}$/.test(text) ? text : type.toString("hex");
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
