import type { Dtype } from "../core/array.ts";
import { badFormat, invalid, MaskwrightError } from "../core/error.ts";
import { decodeSafetensor } from "../core/safetensors.ts";
import {
  parseSafetensorsHeader,
  SAFETENSORS_LENGTH_BYTES,
  type SafetensorsDtype,
  type SafetensorsEntry,
  safetensorsHeaderLength,
  safetensorsItemSizes,
} from "../core/safetensors-header.ts";
import type { ByteSource } from "./byte-source.ts";
import { isPth, readPth } from "./pth.ts";
import { formatShape } from "./shape.ts";
import type { StoredTensor, WeightFile } from "./stored-tensor.ts";

const dtypes: Readonly<Record<SafetensorsDtype, Dtype>> = {
  F64: "float64",
  I64: "int64",
  F32: "float32",
  I32: "int32",
  F16: "float16",
  BF16: "float32",
  U8: "uint8",
  BOOL: "bool",
};

/**
 * The weights in a safetensors file or in PyTorch's .pth or .pt, whichever the bytes are. The names, shapes and places are checked now, the
 * data is read tensor by tensor when it is asked for.
 *
 * @param where what to call the file in an error
 * @throws MaskwrightError BAD_FORMAT
 */
export function openWeights(source: ByteSource, where: string): WeightFile {
  const start = source.read(0, Math.min(16, source.size));
  // A header's length could have any first bytes, also those of a zip file; the brace after it decides.
  if (start[SAFETENSORS_LENGTH_BYTES] === "{".charCodeAt(0)) return openSafetensors(source, where);
  if (isPth(start)) return { where, tensors: readPth(source, where), metadata: new Map() };
  const isPointer = new TextDecoder("latin1").decode(start) === "version https://";
  const hint = isPointer ? "this is a Git LFS pointer: fetch the file itself with `git lfs pull`" : undefined;
  throw badFormat(where, "a safetensors, .pth or .pt file", describeStart(start), hint);
}

/** The tensor of a name. @throws MaskwrightError NOT_FOUND */
export function findTensor({ where, tensors }: WeightFile, name: string): StoredTensor {
  const tensor = tensors.get(name);
  if (tensor !== undefined) return tensor;
  const some = [...tensors.keys()].slice(0, 3).map((other) => `"${other}"`);
  throw new MaskwrightError("NOT_FOUND", `${where}: expected a tensor "${name}", got none`, {
    hint: `it has ${tensors.size} tensors${some.length > 0 ? `, such as ${some.join(", ")}` : ""}`,
  });
}

/**
 * The file with nothing but the tensors of a network.
 *
 * @param shapes   every tensor's name and shape
 * @param network  "SAM", for the hint
 * @throws MaskwrightError NOT_FOUND or SHAPE_MISMATCH for a tensor that is missing or of another shape
 */
export function selectWeights(
  file: WeightFile,
  shapes: ReadonlyMap<string, readonly number[]>,
  network: string,
): WeightFile {
  const tensors = new Map<string, StoredTensor>();
  const hint = `these are the weights of another model, or of ${network} in another size`;
  for (const [name, shape] of shapes) {
    const tensor = file.tensors.get(name);
    const expected = `"${name}" ${formatShape(shape)}`;
    if (tensor === undefined)
      throw new MaskwrightError("NOT_FOUND", `${file.where}: expected ${expected}, got none`, { hint });
    if (formatShape(tensor.shape) !== formatShape(shape)) {
      const got = formatShape(tensor.shape);
      throw new MaskwrightError("SHAPE_MISMATCH", `${file.where}: expected ${expected}, got ${got}`, {
        hint,
      });
    }
    tensors.set(name, tensor);
  }
  return { ...file, tensors };
}

/** What becomes of a name that matches: its matched part is replaced as by String.replace, or the tensor is left out. */
export interface RenameRule {
  readonly match: RegExp;
  readonly to: string | null;
}

/**
 * The same tensors by other names: each rule is applied in turn, to the name that the ones before it left.
 *
 * @throws MaskwrightError INVALID_ARGUMENT when two tensors would have one name
 */
export function renameWeights(file: WeightFile, rules: readonly RenameRule[]): WeightFile {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of file.tensors) {
    let renamed: string | null = name;
    for (const { match, to } of rules) {
      if (renamed === null) break;
      if (to !== null) renamed = renamed.replace(match, to);
      else if (renamed.search(match) >= 0) renamed = null;
    }
    if (renamed === null) continue;
    if (tensors.has(renamed)) throw invalid(`${file.where}: renamed tensors`, "each name once", renamed);
    tensors.set(renamed, tensor);
  }
  return { ...file, tensors };
}

function openSafetensors(source: ByteSource, where: string): WeightFile {
  const length = safetensorsHeaderLength(source.read(0, SAFETENSORS_LENGTH_BYTES), source.size, where);
  const json = source.read(SAFETENSORS_LENGTH_BYTES, length);
  const { entries, metadata } = parseSafetensorsHeader(json, source.size, where);
  const tensors = new Map(entries.map((entry) => [entry.name, storedSafetensor(source, entry, where)]));
  return { where, tensors, metadata };
}

function storedSafetensor(source: ByteSource, entry: SafetensorsEntry, where: string): StoredTensor {
  const { dtype, shape, begin, end } = entry;
  const isPlain = dtype !== "BF16" && begin % safetensorsItemSizes[dtype] === 0;
  return {
    dtype: dtypes[dtype],
    shape,
    range: isPlain ? { begin, end } : null,
    read: () => decodeSafetensor(source.read(begin, end - begin), entry, where),
  };
}

function describeStart(start: Uint8Array): string {
  if (start.length === 0) return "an empty file";
  return `bytes ${[...start.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
}
