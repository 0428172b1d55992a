import type { NdArray } from "../../core/array.ts";
import { badFormat } from "../../core/error.ts";
import { readSafetensors, writeSafetensors } from "../../core/safetensors.ts";
import { readFileBytes } from "../../data/paths.ts";
import { writeAtomically } from "../files.ts";

/** Writes the embeddings of texts [G, E], brought to unit length, as `texts` of a safetensors file. */
export function writeTexts(path: string, { shape, data }: NdArray<"float32">): void {
  const [count, size] = shape;
  const unit = new Float32Array(data.length);
  for (let g = 0; g < count; g++) unit.set(unitVector(data.subarray(g * size, (g + 1) * size)), g * size);
  writeAtomically(path, writeSafetensors(new Map([["texts", { dtype: "float32", shape, data: unit }]])));
}

/** @throws MaskwrightError BAD_FORMAT for a file that is none of `writeTexts` */
export function readTexts(path: string): NdArray<"float32"> {
  const texts = readSafetensors(readFileBytes(path), path).get("texts");
  if (texts?.dtype === "float32" && texts.shape.length === 2) return texts as NdArray<"float32">;
  throw badFormat(path, 'float32 "texts" [G, E]', texts === undefined ? "none" : texts.dtype);
}

/** A vector of length 1 in the same direction. */
export function unitVector(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / length);
}
