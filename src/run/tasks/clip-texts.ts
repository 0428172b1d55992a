import type { ClipModel } from "../cams/cam-source.ts";
import { openTokenizer } from "../cams/clip-tokenizer.ts";
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
  const tokenizer = await openTokenizer(model);
  const { clip } = await threadClip(model);
  writeTexts(out, await clip.encodeTexts(texts, tokenizer));
  return true;
}
