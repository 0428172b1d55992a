import { elementCount, type NdArray } from "./array.ts";
import { badFormat, invalid } from "./error.ts";
import { bfloat16ToFloat32 } from "./half.ts";
import {
  layoutSafetensors,
  parseSafetensorsHeader,
  SAFETENSORS_LENGTH_BYTES,
  type SafetensorsEntry,
  type SafetensorsHeader,
  safetensorsHeaderLength,
  safetensorsItemSizes,
} from "./safetensors-header.ts";

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
  return new Map(
    entries.map((entry) => [
      entry.name,
      decodeSafetensor(bytes.subarray(entry.begin, entry.end), entry, where),
    ]),
  );
}

/** The checked header of a safetensors file: what is in it and where, without touching the data. */
export function readSafetensorsHeader(bytes: Uint8Array, where = "safetensors"): SafetensorsHeader {
  const start = bytes.subarray(0, SAFETENSORS_LENGTH_BYTES);
  const length = safetensorsHeaderLength(start, bytes.length, where);
  const json = bytes.subarray(start.length, start.length + length);
  return parseSafetensorsHeader(json, bytes.length, where);
}

/** A safetensors file of the given tensors. Equal tensors and metadata give equal bytes; see `layoutSafetensors`. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, NdArray>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const { header, names, fileSize } = layoutSafetensors(tensors, metadata);
  for (const [name, { shape, data }] of tensors) {
    if (data.length !== elementCount(shape)) {
      throw invalid(`writeSafetensors: "${name}" data`, `${elementCount(shape)} elements`, data.length);
    }
  }
  const bytes = new Uint8Array(fileSize);
  bytes.set(header);
  let at = header.length;
  for (const name of names) {
    const { data } = tensors.get(name) as NdArray;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * The tensor whose bytes are `raw`: a view of them where they are aligned, else a copy. BF16 becomes float32, exactly.
 *
 * @throws MaskwrightError BAD_FORMAT for a boolean that is not 0 or 1
 */
export function decodeSafetensor(raw: Uint8Array, entry: SafetensorsEntry, where: string): NdArray {
  const { dtype, shape } = entry;
  const count = elementCount(shape);
  // Not slice(): of a Node Buffer that is no copy.
  const isAligned = raw.byteOffset % safetensorsItemSizes[dtype] === 0;
  const { buffer, byteOffset } = isAligned ? raw : new Uint8Array(raw);
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
