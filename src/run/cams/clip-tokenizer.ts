import { readFileBytes } from "../../data/paths.ts";
import { openWeightFile } from "../../engine/node.ts";
import { createTokenizer, type TextTokenizer } from "../../models/clip/tokenizer.ts";
import { readVocabulary } from "../../models/clip/vocabulary.ts";
import { readWords } from "../../models/clip/word-tokenizer.ts";
import type { ClipModel } from "./cam-source.ts";

/** The tokenizer of a CLIP: of byte pairs from its vocabulary, or of the words that its weights name. */
export async function openTokenizer({
  config,
  weights,
  vocabulary,
}: Pick<ClipModel, "config" | "weights" | "vocabulary">): Promise<TextTokenizer> {
  if (vocabulary !== null)
    return createTokenizer(await readVocabulary(readFileBytes(vocabulary), { where: vocabulary }));
  const file = openWeightFile(weights);
  try {
    return readWords(file, config.text.vocabulary);
  } finally {
    file.close();
  }
}
