import { badFormat } from "../../core/error.ts";
import type { WeightFile } from "../../engine/index.ts";
import { cleanText } from "./clean-text.ts";
import type { TextTokenizer } from "./tokenizer.ts";

/** Key of the words in a weight file's metadata, a blank between two. */
export const WORDS_KEY = "words";

/** Words, single digits, and single marks such as the full stop. */
const WORDS = /\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]/gu;

/**
 * A tokenizer of whole words. Token 0 stands for every other word; the words follow; a text starts with the last token but one and ends
 * with the last, so that the end has the largest id, as in CLIP.
 *
 * @param words       in the order of their ids, from 1
 * @param vocabulary  different tokens; those between the words and the start are for words to come
 * @param where       what to call the words' file in an error
 * @throws MaskwrightError BAD_FORMAT for a word given twice, none, or more than there is room for
 */
export function createWordTokenizer(
  words: readonly string[],
  vocabulary: number,
  where = "words",
): TextTokenizer {
  const room = vocabulary - 3;
  if (words.length === 0 || words.length > room)
    throw badFormat(where, `1 to ${room} words`, `${words.length}`);
  const ids = new Map(words.map((word, k) => [word, k + 1]));
  if (ids.size < words.length) throw badFormat(where, "each word once", "a word twice");
  return {
    startToken: vocabulary - 2,
    endToken: vocabulary - 1,
    encode: (text) => (cleanText(text).match(WORDS) ?? []).map((word) => ids.get(word) ?? 0),
  };
}

/** The tokenizer of the words that a weight file names in its metadata. @throws MaskwrightError as `createWordTokenizer` */
export function readWords(
  { metadata, where }: Pick<WeightFile, "metadata" | "where">,
  vocabulary: number,
): TextTokenizer {
  const words = metadata.get(WORDS_KEY)?.split(" ") ?? [];
  return createWordTokenizer(words, vocabulary, `${where}: ${WORDS_KEY}`);
}
