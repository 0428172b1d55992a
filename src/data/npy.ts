import { elementCount, type NdArray } from "../core/array.ts";
import { byteReader } from "../core/byte-reader.ts";
import { badFormat } from "../core/error.ts";
import { itemSize, numpyArray } from "../core/numpy-array.ts";
import { readArrayPickle } from "../core/pickle-arrays.ts";
import type { ObjectArray } from "../core/pickle-numpy.ts";

interface NpyHeader {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Offset of the first byte after the header. */
  readonly end: number;
}

/** NumPy itself refuses longer headers unless told otherwise. */
const MAX_HEADER_BYTES = 10_000;

/**
 * The array of a .npy file of format 1 to 3, row-major whatever its order in the file; for element types see
 * `numpyArray`.
 *
 * @throws MaskwrightError BAD_FORMAT for anything but exactly one array of numbers or booleans
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function readNpy(bytes: Uint8Array, where: string): NdArray {
  const array = readNpyOrObject(bytes, where);
  if (array.dtype !== "object") return array;
  throw badFormat(where, "an array of numbers", "an array of Python objects");
}

/** Like `readNpy`, and reads arrays of Python objects by the restricted pickle reader, which executes nothing. */
export function readNpyOrObject(bytes: Uint8Array, where: string): NdArray | ObjectArray {
  const { descr, shape, fortranOrder, end } = readHeader(bytes, where);
  if (descr !== "|O") {
    const size = elementCount(shape) * itemSize(descr, where);
    if (bytes.length - end !== size) {
      throw badFormat(where, `${size} bytes of data for ${descr} [${shape}]`, `${bytes.length - end} bytes`);
    }
    return numpyArray(bytes.subarray(end), { descr, shape, fortranOrder }, where);
  }
  const value = readArrayPickle(bytes, where, end) as ObjectArray | null;
  if (value?.dtype === "object") return value;
  throw badFormat(where, "an array of objects, as its header says", "another value");
}

/** Whether bytes begin like a .npy file. */
export function isNpy(bytes: Uint8Array): boolean {
  return [0x93, ..."NUMPY"].every((c, i) => bytes[i] === (typeof c === "number" ? c : c.charCodeAt(0)));
}

function readHeader(bytes: Uint8Array, where: string): NpyHeader {
  if (!isNpy(bytes)) throw badFormat(where, "a .npy file", "other bytes");
  const reader = byteReader(bytes, where, 6);
  const version = reader.uint8();
  const minor = reader.uint8();
  if (version < 1 || version > 3 || minor !== 0)
    throw badFormat(where, "npy format 1 to 3", `${version}.${minor}`);
  const length = version === 1 ? reader.uint16() : reader.uint32();
  if (length > MAX_HEADER_BYTES)
    throw badFormat(where, `a header of at most ${MAX_HEADER_BYTES} bytes`, `${length} bytes`);
  // Latin-1 in formats 1 and 2, UTF-8 in 3; what we accept is ASCII in all.
  const text = new TextDecoder().decode(reader.bytes(length));
  return { ...parseHeader(text, where), end: reader.position };
}

/** The header is a Python dict of exactly three entries, e.g. `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`. */
function parseHeader(text: string, where: string): Omit<NpyHeader, "end"> {
  const body = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1];
  const entry = /\s*'(\w+)'\s*:\s*('[^']*'|True|False|\([\d\s,L]*\))\s*(?:,|$)\s*/y;
  const found = new Map<string, string>();
  for (let at = 0; body !== undefined && at < body.length; at = entry.lastIndex) {
    const match = entry.exec(body);
    if (match === null || found.has(match[1])) break;
    found.set(match[1], match[2]);
    if (entry.lastIndex === body.length) {
      const [descr, order, shape] = ["descr", "fortran_order", "shape"].map((key) => found.get(key));
      if (
        found.size !== 3 ||
        !descr?.startsWith("'") ||
        !/^(True|False)$/.test(order ?? "") ||
        !shape?.startsWith("(")
      )
        break;
      const lengths = shape.match(/\d+/g)?.map(Number) ?? [];
      if (!lengths.every(Number.isSafeInteger)) break;
      return { descr: descr.slice(1, -1), fortranOrder: order === "True", shape: lengths };
    }
  }
  const hint = "Structured arrays are not read: save plain numbers.";
  throw badFormat(
    `${where}: header`,
    "descr, fortran_order and shape",
    JSON.stringify(text.trim().slice(0, 80)),
    hint,
  );
}
