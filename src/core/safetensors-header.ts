import { type Dtype, elementCount } from "./array.ts";
import { badFormat, invalid } from "./error.ts";

/** One tensor of a safetensors file: where its bytes are, from the start of the file. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** Half-open byte range in the file. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In file order, no gap and no overlap between them. */
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** What a tensor to be written is, without its data. */
export interface SafetensorsPlan {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** Bytes of an element. */
export const safetensorsItemSizes = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  F16: 2,
  BF16: 2,
  U8: 1,
  BOOL: 1,
} as const;
export type SafetensorsDtype = keyof typeof safetensorsItemSizes;

const dtypeNames: Readonly<Record<Dtype, SafetensorsDtype>> = {
  float64: "F64",
  int64: "I64",
  float32: "F32",
  int32: "I32",
  float16: "F16",
  uint8: "U8",
  bool: "BOOL",
};

/** The file begins with the length of the JSON header: 64 bits, little-endian. */
export const SAFETENSORS_LENGTH_BYTES = 8;
/** The format's own limit on the JSON header. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Bytes of the JSON header, which follows the file's first eight.
 *
 * @param start the file's first eight bytes, or all of a shorter file
 * @throws MaskwrightError BAD_FORMAT for a header beyond the file, or above 100 MB
 */
export function safetensorsHeaderLength(start: Uint8Array, fileSize: number, where: string): number {
  if (start.length < SAFETENSORS_LENGTH_BYTES)
    throw badFormat(where, "a safetensors file", `${fileSize} bytes`);
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(Math.min(fileSize - SAFETENSORS_LENGTH_BYTES, MAX_HEADER_BYTES))) {
    throw badFormat(where, `a header within the file's ${fileSize} bytes`, `a header of ${length} bytes`);
  }
  return Number(length);
}

/**
 * The checked header of a safetensors file: what is in it and where.
 *
 * @param json the bytes after the header's length
 * @throws MaskwrightError BAD_FORMAT for a repeated name, byte ranges with gaps or overlaps, a range that is not shape × dtype, data beyond the file
 */
export function parseSafetensorsHeader(json: Uint8Array, fileSize: number, where: string): SafetensorsHeader {
  const members = parseMembers(json, where);
  const metadata = readMetadata(members.get("__metadata__") ?? {}, where);
  members.delete("__metadata__");
  const dataStart = SAFETENSORS_LENGTH_BYTES + json.length;
  const entries = [...members].map(([name, value]) => readEntry(name, value, dataStart, where));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = dataStart;
  for (const entry of entries) {
    if (entry.begin !== end) {
      const fault = entry.begin < end ? "an overlap" : "a gap";
      throw badFormat(
        `${where}: tensor "${entry.name}"`,
        `data at byte ${end}`,
        `${fault}: byte ${entry.begin}`,
      );
    }
    end = entry.end;
  }
  if (end !== fileSize) throw badFormat(where, `${end} bytes, as its header says`, `${fileSize} bytes`);
  return { entries, metadata };
}

/**
 * The first bytes of a safetensors file of the given tensors, and where their data goes. Equal tensors and metadata give equal bytes:
 * wide types come first, then names in code-unit order, and the header is padded so that all data is aligned.
 *
 * @returns the length and JSON of the header; the names in the order of their data, which follows without gaps
 */
export function layoutSafetensors(
  tensors: ReadonlyMap<string, SafetensorsPlan>,
  metadata: Readonly<Record<string, string>>,
): { readonly header: Uint8Array; readonly names: readonly string[]; readonly fileSize: number } {
  const itemSize = ({ dtype }: SafetensorsPlan): number => safetensorsItemSizes[dtypeNames[dtype]];
  const ordered = [...tensors].sort(([a, x], [b, y]) => itemSize(y) - itemSize(x) || (a < b ? -1 : 1));
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) {
    const sorted = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
    fields.push(`"__metadata__":${JSON.stringify(Object.fromEntries(sorted))}`);
  }
  let end = 0;
  for (const [name, tensor] of ordered) {
    if (name === "__metadata__") throw invalid("safetensors: name", "a free name", name);
    const begin = end;
    end += elementCount(tensor.shape) * itemSize(tensor);
    const entry = { dtype: dtypeNames[tensor.dtype], shape: tensor.shape, data_offsets: [begin, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(SAFETENSORS_LENGTH_BYTES + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(json, SAFETENSORS_LENGTH_BYTES);
  return { header, names: ordered.map(([name]) => name), fileSize: header.length + end };
}

/** The header's members. JSON.parse keeps the last of a repeated name, so names are counted in the text. */
function parseMembers(bytes: Uint8Array, where: string): Map<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    throw badFormat(`${where}: header`, "JSON", (error as Error).message);
  }
  if (!isRecord(header)) throw badFormat(`${where}: header`, "a JSON object", text.slice(0, 20));
  const seen = new Set<string>();
  for (const name of memberNames(text)) {
    if (seen.has(name)) throw badFormat(`${where}: header`, "each name once", `"${name}" twice`);
    seen.add(name);
  }
  return new Map(Object.entries(header));
}

/** The member names of the outermost object of valid JSON, in order and as often as they are written. */
function memberNames(json: string): string[] {
  const names: string[] = [];
  const colon = /\s*:/y;
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") depth--;
    else if (char === '"') {
      const end = stringEnd(json, at);
      colon.lastIndex = end;
      if (depth === 1 && colon.test(json)) names.push(JSON.parse(json.slice(at, end)));
      at = end - 1;
    }
  }
  return names;
}

/** The index after the JSON string that begins at `at`. A regular expression's stack would not hold a long one. */
function stringEnd(json: string, at: number): number {
  for (;;) {
    at = json.indexOf('"', at + 1);
    let escapes = 0;
    while (json[at - 1 - escapes] === "\\") escapes++;
    if (escapes % 2 === 0) return at + 1;
  }
}

function readMetadata(value: unknown, where: string): Map<string, string> {
  if (!isRecord(value) || Object.values(value).some((text) => typeof text !== "string")) {
    throw badFormat(`${where}: __metadata__`, "an object of strings", JSON.stringify(value).slice(0, 80));
  }
  return new Map(Object.entries(value as Record<string, string>));
}

function readEntry(name: string, value: unknown, dataStart: number, where: string): SafetensorsEntry {
  const place = `${where}: tensor "${name}"`;
  const { dtype, shape, data_offsets: range } = isRecord(value) ? value : {};
  if (typeof dtype !== "string" || !Object.hasOwn(safetensorsItemSizes, dtype)) {
    throw badFormat(
      place,
      `a dtype of ${Object.keys(safetensorsItemSizes).join(", ")}`,
      JSON.stringify(dtype) ?? "none",
    );
  }
  if (!isCounts(shape)) throw badFormat(place, "a shape of whole numbers", JSON.stringify(shape) ?? "none");
  if (!isCounts(range) || range.length !== 2 || range[0] > range[1]) {
    throw badFormat(place, "data_offsets [begin, end]", JSON.stringify(range) ?? "none");
  }
  const size = elementCount(shape) * safetensorsItemSizes[dtype as SafetensorsDtype];
  if (range[1] - range[0] !== size) {
    throw badFormat(place, `${size} bytes for ${dtype} [${shape}]`, `${range[1] - range[0]} bytes`);
  }
  const [begin, end] = [dataStart + range[0], dataStart + range[1]];
  return { name, dtype: dtype as SafetensorsDtype, shape, begin, end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
