import { readFileSync } from "node:fs";
import { writeSafetensors } from "../../core/safetensors.ts";
import { createTokenizer } from "../../models/clip/tokenizer.ts";
import { readVocabulary } from "../../models/clip/vocabulary.ts";
import type { ClipModel } from "../cams/cam-source.ts";
import { threadClip } from "../cams/thread-clip.ts";
import { writeAtomically } from "../files.ts";

export interface ClipTextsTask {
  readonly clip: ClipModel;
  /** What CLIP reads, classes first. */
  readonly texts: readonly string[];
  readonly out: string;
}

/** Writes the embeddings of texts: `texts` [G, E] of unit length. */
export async function encodeClasses({ clip: model, texts, out }: ClipTextsTask): Promise<true> {
  const { vocabulary } = model;
  const tokenizer = createTokenizer(await readVocabulary(readFileSync(vocabulary), { where: vocabulary }));
  const { clip } = await threadClip(model);
  const { shape, data } = await clip.encodeTexts(texts, tokenizer);
  const [count, size] = shape;
  const unit = new Float32Array(data.length);
  for (let g = 0; g < count; g++) {
    const row = data.subarray(g * size, (g + 1) * size);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    for (let e = 0; e < size; e++) unit[g * size + e] = row[e] / length;
  }
  writeAtomically(out, writeSafetensors(new Map([["texts", { dtype: "float32", shape, data: unit }]])));
  return true;
}
