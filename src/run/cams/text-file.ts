import type { NdArray } from "../../core/array.ts";
import { badFormat } from "../../core/error.ts";
import { readSafetensors, writeSafetensors } from "../../core/safetensors.ts";
import { unitRows } from "../../core/unit-rows.ts";
import { readFileBytes } from "../../data/paths.ts";
import { writeAtomically } from "../files.ts";

/** Writes the embeddings of texts [G, E], brought to unit length, as `texts` of a safetensors file. */
export function writeTexts(path: string, texts: NdArray<"float32">): void {
  writeAtomically(path, writeSafetensors(new Map([["texts", unitRows(texts)]])));
}

/** @throws MaskwrightError BAD_FORMAT for a file that is none of `writeTexts` */
export function readTexts(path: string): NdArray<"float32"> {
  const texts = readSafetensors(readFileBytes(path), path).get("texts");
  if (texts?.dtype === "float32" && texts.shape.length === 2) return texts as NdArray<"float32">;
  throw badFormat(path, 'float32 "texts" [G, E]', texts === undefined ? "none" : texts.dtype);
}
