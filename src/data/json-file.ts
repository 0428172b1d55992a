import { stat } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { badFormat } from "../core/error.ts";
import { jsonErrorPosition } from "./json-position.ts";
import { readFileBytes } from "./paths.ts";

export interface ReadJsonOptions {
  /** Larger files are refused before they are read, larger contents of a .gz while they unpack. Default 512 MB. */
  readonly maxBytes?: number;
}

/** A JavaScript string cannot be longer than this (V8: 2^29 − 24 characters). */
const LONGEST_TEXT = 2 ** 29 - 24;
const MAX_DEPTH = 100;

/**
 * The parsed content of a .json or .json.gz file: UTF-8, with or without a byte order mark.
 *
 * @throws MaskwrightError NOT_FOUND if there is none; BAD_FORMAT for one that is too large, nested deeper
 *         than 100, or not JSON, with line and column
 */
export async function readJsonFile(path: string, options: ReadJsonOptions = {}): Promise<unknown> {
  const maxBytes = Math.min(options.maxBytes ?? 512 * 2 ** 20, LONGEST_TEXT);
  const bytes = await readBytes(path, maxBytes);
  if (!/\.gz$/i.test(path)) return parseJson(bytes, path);
  let unpacked: Uint8Array;
  try {
    unpacked = gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    throw badFormat(path, `gzip of at most ${maxBytes} bytes`, (error as Error).message);
  }
  return parseJson(unpacked, path);
}

/** Parsed JSON text, its nesting checked before anything recurses into it. */
export function parseJson(bytes: Uint8Array, where: string): unknown {
  checkDepth(bytes, where);
  const text = decodeText(bytes, where);
  try {
    return JSON.parse(text);
  } catch {
    const position = jsonErrorPosition(text);
    const got = position === text.length ? "the end of the file" : JSON.stringify(text.charAt(position));
    throw badFormat(`${where}:${lineAndColumn(text, position)}`, "JSON", got);
  }
}

/** UTF-8 text without its byte order mark. */
export function decodeText(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const hint =
      bytes[0] === 0xff || bytes[0] === 0xfe
        ? "It looks like UTF-16: save it as UTF-8."
        : "Save it as UTF-8.";
    throw badFormat(where, "UTF-8 text", "other bytes", hint);
  }
}

/** The bytes of a file whose size is checked first. @throws MaskwrightError as `readFileBytes`; BAD_FORMAT if it is too large */
export async function readBytes(path: string, maxBytes: number): Promise<Uint8Array> {
  // What cannot be asked for its size cannot be read either, and readFileBytes says why.
  const size = await stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size > maxBytes) throw badFormat(path, `a file of at most ${maxBytes} bytes`, `${size} bytes`);
  return readFileBytes(path);
}

function checkDepth(bytes: Uint8Array, where: string): void {
  let depth = 0;
  for (let p = 0; p < bytes.length; p++) {
    const byte = bytes[p];
    if (byte === 0x22) {
      // To the closing quote: a backslash takes the next byte with it.
      for (p++; p < bytes.length && bytes[p] !== 0x22; p++) if (bytes[p] === 0x5c) p++;
    } else if (byte === 0x5b || byte === 0x7b) {
      depth++;
      if (depth > MAX_DEPTH) throw badFormat(where, `nesting of at most ${MAX_DEPTH}`, `more at byte ${p}`);
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
}

function lineAndColumn(text: string, position: number): string {
  const before = text.slice(0, position).split("\n");
  return `${before.length}:${before[before.length - 1].length + 1}`;
}
