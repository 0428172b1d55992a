import { badFormat } from "../core/error.ts";
import type { ByteSource } from "./byte-source.ts";

/** A file in a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** Whether the bytes lie in the archive as they are, not deflated. */
  readonly isStored: boolean;
  /** Half-open byte range in the archive. */
  readonly begin: number;
  readonly end: number;
}

/** An entry while its place is still that of its local header. */
interface DirectoryEntry {
  readonly name: string;
  readonly isStored: boolean;
  readonly headerAt: number;
  readonly length: number;
}

const MAX_ENTRIES = 100_000;
const MAX_DIRECTORY_BYTES = 2 ** 26;
const MAX_NAME_BYTES = 1024;
const endBytes = 22;
const localHeaderBytes = 30;
/** A 16- or 32-bit field of all ones means that the number is in the zip64 record or extra field. */
const full16 = 0xffff;
const full32 = 0xffffffff;
const incomplete = "the file may be incomplete: fetch it again";

/**
 * The files of a zip archive by name, zip64 included; contents are not touched.
 *
 * @throws MaskwrightError BAD_FORMAT for an archive that is cut off, has no directory, entries that overlap or lie outside, more than
 *         100,000 entries, a name twice, encryption, several disks, or a name that would leave its folder
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function readZipDirectory(source: ByteSource, where: string): Map<string, ZipEntry> {
  const { offset, length, count } = findDirectory(source, where);
  if (count > MAX_ENTRIES) throw badFormat(where, `at most ${MAX_ENTRIES} files`, `${count}`);
  if (length > MAX_DIRECTORY_BYTES || offset + length > source.size) {
    const got = `${length} bytes at byte ${offset}`;
    throw badFormat(where, `a zip directory inside the file's ${source.size} bytes`, got, incomplete);
  }
  const found = readEntries(source.read(offset, length), count, where);
  const entries = new Map<string, ZipEntry>();
  let free = 0;
  for (const entry of found.sort((a, b) => a.headerAt - b.headerAt)) {
    const place = `${where}: ${entry.name}`;
    if (entry.headerAt < free) throw badFormat(place, `data after byte ${free}`, `byte ${entry.headerAt}`);
    const begin = dataStart(source, entry, place);
    free = begin + entry.length;
    if (free > offset)
      throw badFormat(place, `data before byte ${offset}`, `an end at byte ${free}`, incomplete);
    if (entries.has(entry.name)) throw badFormat(where, "each file once", `${entry.name} twice`);
    entries.set(entry.name, { name: entry.name, isStored: entry.isStored, begin, end: free });
  }
  return entries;
}

interface Directory {
  readonly offset: number;
  readonly length: number;
  readonly count: number;
}

function findDirectory(source: ByteSource, where: string): Directory {
  // The record at the end may be followed by a comment, which says its own length.
  const tailLength = Math.min(source.size, endBytes + full16);
  const tailAt = source.size - tailLength;
  const tail = viewOf(source.read(tailAt, tailLength));
  for (let at = tailLength - endBytes; at >= 0; at--) {
    if (tail.getUint32(at, true) !== 0x06054b50) continue;
    if (tail.getUint16(at + 20, true) !== tailLength - endBytes - at) continue;
    const count = tail.getUint16(at + 10, true);
    const length = tail.getUint32(at + 12, true);
    const offset = tail.getUint32(at + 16, true);
    if (tail.getUint16(at + 4, true) !== 0) throw badFormat(where, "a zip file on one disk", "several");
    if (count !== full16 && length !== full32 && offset !== full32) return { offset, length, count };
    return findDirectory64(source, tailAt + at, where);
  }
  throw badFormat(where, "a zip directory at the end", "none", incomplete);
}

function findDirectory64(source: ByteSource, endAt: number, where: string): Directory {
  const locatorAt = endAt - 20;
  const locator = locatorAt < 0 ? null : viewOf(source.read(locatorAt, 20));
  if (locator?.getUint32(0, true) !== 0x07064b50)
    throw badFormat(where, "a zip64 locator", "none", incomplete);
  const recordAt = Number(locator.getBigUint64(8, true));
  const record = recordAt > locatorAt - 56 ? null : viewOf(source.read(recordAt, 56));
  if (record?.getUint32(0, true) !== 0x06064b50) throw badFormat(where, "a zip64 record", "none", incomplete);
  const field = (at: number): number => Number(record.getBigUint64(at, true));
  return { count: field(32), length: field(40), offset: field(48) };
}

function readEntries(bytes: Uint8Array, count: number, where: string): DirectoryEntry[] {
  const view = viewOf(bytes);
  const entries: DirectoryEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    const place = `${where}: zip directory, entry ${index}`;
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) {
      throw badFormat(place, "an entry", "other bytes", incomplete);
    }
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > bytes.length) throw badFormat(place, "an entry", "the end of the directory", incomplete);
    const name = readName(bytes.subarray(at + 46, at + 46 + nameLength), place);
    if ((view.getUint16(at + 8, true) & 1) !== 0) throw badFormat(place, "no encryption", name);
    const extra = bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const fields = [
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ];
    const [plain, packed, headerAt] = widen(fields, extra, place);
    const isStored = view.getUint16(at + 10, true) === 0;
    if (isStored && packed !== plain)
      throw badFormat(place, `${plain} bytes stored as they are`, `${packed}`);
    entries.push({ name, isStored, headerAt, length: packed });
    at = next;
  }
  return entries;
}

/** Puts the 64-bit numbers of the zip64 extra field in the place of fields that are full, in order. */
function widen(fields: readonly number[], extra: Uint8Array, where: string): number[] {
  if (!fields.includes(full32)) return [...fields];
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    const end = Math.min(at + 4 + view.getUint16(at + 2, true), extra.length);
    let next = at + 4;
    return fields.map((field) => {
      if (field !== full32) return field;
      if (next + 8 > end) throw badFormat(where, "64-bit lengths", "too few bytes");
      next += 8;
      return Number(view.getBigUint64(next - 8, true));
    });
  }
  throw badFormat(where, "64-bit lengths", "none");
}

/** Where an entry's data begins: its local header repeats the name and may have other extra bytes than the directory. */
function dataStart(source: ByteSource, { name, headerAt }: DirectoryEntry, where: string): number {
  if (headerAt + localHeaderBytes <= source.size) {
    const header = viewOf(source.read(headerAt, localHeaderBytes));
    if (header.getUint32(0, true) === 0x04034b50) {
      const nameLength = header.getUint16(26, true);
      return headerAt + localHeaderBytes + nameLength + header.getUint16(28, true);
    }
  }
  throw badFormat(where, `the file ${name} at byte ${headerAt}`, "other bytes", incomplete);
}

function readName(bytes: Uint8Array, where: string): string {
  if (bytes.length === 0 || bytes.length > MAX_NAME_BYTES) {
    throw badFormat(where, `a name of 1 to ${MAX_NAME_BYTES} bytes`, `${bytes.length}`);
  }
  const name = new TextDecoder().decode(bytes);
  // Nothing is unpacked here, but whoever writes such a name means harm.
  if (/^\/|\\|\0|(^|\/)\.\.(\/|$)/.test(name)) {
    throw badFormat(where, "a name inside its folder", JSON.stringify(name));
  }
  return name;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
