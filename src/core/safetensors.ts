import { type Dtype, elementCount, type NdArray } from "./array.ts";
import { badFormat, invalid } from "./error.ts";
import { bfloat16ToFloat32 } from "./half.ts";

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

const itemSizes = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, U8: 1, BOOL: 1 } as const;
export type SafetensorsDtype = keyof typeof itemSizes;

const dtypeNames: Readonly<Record<Dtype, SafetensorsDtype>> = {
  float64: "F64",
  int64: "I64",
  float32: "F32",
  int32: "I32",
  float16: "F16",
  uint8: "U8",
  bool: "BOOL",
};

/** The format's own limit on the JSON header. */
const maxHeaderBytes = 100_000_000;

/**
 * The tensors of a safetensors file by name, in file order. BF16 becomes float32 (exactly); float16 stays as bits.
 *
 * Data that lies at a multiple of its item size is a view of `bytes`, so keep those as they are; other data is copied.
 *
 * @param where what to call the file in an error
 * @throws MaskwrightError BAD_FORMAT for anything the format does not allow: a header beyond the file,
 *         a repeated name, byte ranges with gaps or overlaps, a range that is not shape × dtype
 * @see https://github.com/huggingface/safetensors#format
 */
export function readSafetensors(bytes: Uint8Array, where = "safetensors"): Map<string, NdArray> {
  const { entries } = readSafetensorsHeader(bytes, where);
  return new Map(entries.map((entry) => [entry.name, readTensor(bytes, entry, where)]));
}

/** The checked header of a safetensors file: what is in it and where, without touching the data. */
export function readSafetensorsHeader(bytes: Uint8Array, where = "safetensors"): SafetensorsHeader {
  if (bytes.length < 8) throw badFormat(where, "a safetensors file", `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(Math.min(bytes.length - 8, maxHeaderBytes))) {
    throw badFormat(where, `a header within the file's ${bytes.length} bytes`, `a header of ${length} bytes`);
  }
  const dataStart = 8 + Number(length);
  const header = parseHeader(bytes.subarray(8, dataStart), where);
  const metadata = readMetadata(header.get("__metadata__") ?? {}, where);
  header.delete("__metadata__");
  const entries = [...header].map(([name, value]) => readEntry(name, value, dataStart, where));
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
  if (end !== bytes.length)
    throw badFormat(where, `${end} bytes, as its header says`, `${bytes.length} bytes`);
  return { entries, metadata };
}

/**
 * A safetensors file of the given tensors. Equal tensors and metadata give equal bytes: wide types come first,
 * then names in code-unit order, and the header is padded so that all data is aligned.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, NdArray>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const ordered = [...tensors].sort(
    ([a, x], [b, y]) => itemSizes[dtypeNames[y.dtype]] - itemSizes[dtypeNames[x.dtype]] || (a < b ? -1 : 1),
  );
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) {
    const sorted = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
    fields.push(`"__metadata__":${JSON.stringify(Object.fromEntries(sorted))}`);
  }
  let end = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    if (name === "__metadata__") throw invalid("writeSafetensors: name", "a free name", name);
    if (data.length !== elementCount(shape)) {
      throw invalid(`writeSafetensors: "${name}" data`, `${elementCount(shape)} elements`, data.length);
    }
    const begin = end;
    end += data.byteLength;
    const entry = { dtype: dtypeNames[dtype], shape, data_offsets: [begin, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(json, 8);
  bytes.fill(0x20, 8 + json.length, 8 + headerLength);
  let at = 8 + headerLength;
  for (const [, { data }] of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** The header's members. JSON.parse keeps the last of a repeated name, so names are counted in the text. */
function parseHeader(bytes: Uint8Array, where: string): Map<string, unknown> {
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
  let depth = 0;
  for (const [token, text, colon] of json.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g)) {
    if (text !== undefined) {
      if (depth === 1 && colon !== undefined) names.push(JSON.parse(text));
    } else depth += token === "{" || token === "[" ? 1 : -1;
  }
  return names;
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
  if (typeof dtype !== "string" || !Object.hasOwn(itemSizes, dtype)) {
    throw badFormat(
      place,
      `a dtype of ${Object.keys(itemSizes).join(", ")}`,
      JSON.stringify(dtype) ?? "none",
    );
  }
  if (!isCounts(shape)) throw badFormat(place, "a shape of whole numbers", JSON.stringify(shape) ?? "none");
  if (!isCounts(range) || range.length !== 2 || range[0] > range[1]) {
    throw badFormat(place, "data_offsets [begin, end]", JSON.stringify(range) ?? "none");
  }
  const size = elementCount(shape) * itemSizes[dtype as SafetensorsDtype];
  if (range[1] - range[0] !== size) {
    throw badFormat(place, `${size} bytes for ${dtype} [${shape}]`, `${range[1] - range[0]} bytes`);
  }
  const [begin, end] = [dataStart + range[0], dataStart + range[1]];
  return { name, dtype: dtype as SafetensorsDtype, shape, begin, end };
}

function readTensor(bytes: Uint8Array, entry: SafetensorsEntry, where: string): NdArray {
  const { dtype, shape } = entry;
  const count = elementCount(shape);
  let raw = bytes.subarray(entry.begin, entry.end);
  // Not slice(): of a Node Buffer that is no copy.
  if (raw.byteOffset % itemSizes[dtype] !== 0) raw = new Uint8Array(raw);
  const { buffer, byteOffset } = raw;
  switch (dtype) {
    case "F64":
      return { dtype: "float64", shape, data: new Float64Array(buffer, byteOffset, count) };
    case "I64":
      return { dtype: "int64", shape, data: new BigInt64Array(buffer, byteOffset, count) };
    case "F32":
      return { dtype: "float32", shape, data: new Float32Array(buffer, byteOffset, count) };
    case "I32":
      return { dtype: "int32", shape, data: new Int32Array(buffer, byteOffset, count) };
    case "F16":
      return { dtype: "float16", shape, data: new Uint16Array(buffer, byteOffset, count) };
    case "BF16":
      return { dtype: "float32", shape, data: bfloat16ToFloat32(new Uint16Array(buffer, byteOffset, count)) };
    case "U8":
      return { dtype: "uint8", shape, data: new Uint8Array(buffer, byteOffset, count) };
    case "BOOL": {
      const data = new Uint8Array(buffer, byteOffset, count);
      if (data.some((value) => value > 1))
        throw badFormat(`${where}: tensor "${entry.name}"`, "booleans of 0 and 1", "others");
      return { dtype: "bool", shape, data };
    }
    default:
      return dtype satisfies never;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
