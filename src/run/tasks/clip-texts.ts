import type { ClassTexts } from "../../core/class-texts.ts";
import { layoutNames } from "../../models/clip/text-layout.ts";
import type { ClipModel } from "../cams/cam-source.ts";
import { openTokenizer } from "../cams/clip-tokenizer.ts";
import { readContexts } from "../cams/context-file.ts";
import { writeTexts } from "../cams/text-file.ts";
import { threadClip } from "../cams/thread-clip.ts";

export interface ClipTextsTask {
  /** What CLIP reads, classes first; or classes and background that contexts of a file stand around. */
  readonly what:
    | { readonly clip: ClipModel; readonly texts: readonly string[] }
    | { readonly clip: ClipModel; readonly texts: ClassTexts; readonly contexts: string };
  readonly out: string;
}

/** Writes the embeddings of texts; see `writeTexts`. @returns how many */
export async function encodeClasses({ what, out }: ClipTextsTask): Promise<number> {
  const tokenizer = await openTokenizer(what.clip);
  const { clip } = await threadClip(what.clip);
  if (!("contexts" in what)) {
    writeTexts(out, await clip.encodeTexts(what.texts, tokenizer));
    return what.texts.length;
  }
  const { contexts, names, layout } = readContexts(what.contexts, what.clip, what.texts);
  const maxLength = clip.config.text.context;
  writeTexts(out, await clip.encodeLayout(layoutNames(names, tokenizer, { ...layout, maxLength }), contexts));
  return names.length;
}
