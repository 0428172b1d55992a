import { readFileSync } from "node:fs";
import { createTokenizer } from "../../models/clip/tokenizer.ts";
import { readVocabulary } from "../../models/clip/vocabulary.ts";
import type { ClipModel } from "../cams/cam-source.ts";
import { writeTexts } from "../cams/text-file.ts";
import { threadClip } from "../cams/thread-clip.ts";

export interface ClipTextsTask {
  readonly clip: ClipModel;
  /** What CLIP reads, classes first. */
  readonly texts: readonly string[];
  readonly out: string;
}

/** Writes the embeddings of texts; see `writeTexts`. */
export async function encodeClasses({ clip: model, texts, out }: ClipTextsTask): Promise<true> {
  const { vocabulary } = model;
  const tokenizer = createTokenizer(await readVocabulary(readFileSync(vocabulary), { where: vocabulary }));
  const { clip } = await threadClip(model);
  writeTexts(out, await clip.encodeTexts(texts, tokenizer));
  return true;
}
