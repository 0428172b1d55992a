import { invalid } from "../../core/error.ts";
import { cleanText } from "./clean-text.ts";
import { byteCharacters, END_OF_TEXT, START_OF_TEXT, type Vocabulary, WORD_END } from "./vocabulary.ts";

/** Turns texts into token ids; any vocabulary may stand behind it. */
export interface TextTokenizer {
  readonly startToken: number;
  readonly endToken: number;
  /** The ids of a text, without start and end. */
  encode(text: string): number[];
}

export interface ClipTokenizer extends TextTokenizer {
  /** The cleaned text of ids: words with a blank after each. */
  decode(ids: readonly number[]): string;
}

/** A text of this many characters has far more tokens than any context; the work grows with their square. */
const MAX_CHARACTERS = 10_000;

/**
 * Words to be split into byte pairs: specials, English endings, letters, single digits, everything else but blanks. The published pattern
 * ignores case, which besides the cases that the lowered text no longer has is the long s.
 */
const WORDS =
  /<\|[sſ]tartoftext\|>|<\|endoftext\|>|'(?:[sſt]|re|ve|m|ll|d)|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu;

/**
 * CLIP's byte-pair tokenizer. A special written in a text is the special token, as published.
 *
 * @see openai/CLIP, `simple_tokenizer.py`; what differs in cleaning: `cleanText`
 */
export function createTokenizer({ ids, ranks }: Vocabulary): ClipTokenizer {
  const tokens = new Map([...ids].map(([token, id]) => [id, token]));
  const bytes = new Map([...byteCharacters].map(([byte, character]) => [character, byte]));
  const encoder = new TextEncoder();
  const idOf = (token: string): number => ids.get(token) as number;

  const encodeWord = (word: string): number[] => {
    if (word === START_OF_TEXT || word === END_OF_TEXT) return [idOf(word)];
    const characters = Array.from(encoder.encode(word), (byte) => byteCharacters.get(byte) as string);
    characters[characters.length - 1] += WORD_END;
    return joinPairs(characters, ranks).map(idOf);
  };

  return {
    startToken: idOf(START_OF_TEXT),
    endToken: idOf(END_OF_TEXT),
    encode(text) {
      if (text.length > MAX_CHARACTERS)
        throw invalid("encode: text", `at most ${MAX_CHARACTERS} characters`, text.length);
      return (cleanText(text).match(WORDS) ?? []).flatMap(encodeWord);
    },
    decode(list) {
      const text = list.map((id) => {
        const token = tokens.get(id);
        if (token === undefined) throw invalid("decode: ids", "ids of the vocabulary", id);
        return token;
      });
      const characters = [...text.join("").replaceAll(WORD_END, " ")];
      // Only the blank is no character of a byte.
      const data = Uint8Array.from(characters, (character) => bytes.get(character) ?? 0x20);
      return new TextDecoder().decode(data);
    },
  };
}

/** Joins the pair of lowest rank wherever it stands, from left to right, until none is known. */
function joinPairs(word: readonly string[], ranks: ReadonlyMap<string, number>): string[] {
  let parts = [...word];
  while (parts.length > 1) {
    let best = Number.POSITIVE_INFINITY;
    let [left, right] = ["", ""];
    for (let i = 0; i + 1 < parts.length; i++) {
      const rank = ranks.get(`${parts[i]} ${parts[i + 1]}`);
      if (rank === undefined || rank >= best) continue;
      best = rank;
      [left, right] = [parts[i], parts[i + 1]];
    }
    if (best === Number.POSITIVE_INFINITY) break;
    const joined: string[] = [];
    for (let i = 0; i < parts.length; i++) {
      const isPair = parts[i] === left && parts[i + 1] === right;
      joined.push(isPair ? left + right : parts[i]);
      if (isPair) i++;
    }
    parts = joined;
  }
  return parts;
}

export interface TokenizeOptions {
  /** Default 77. */
  readonly contextLength?: number;
  /** Cut what is too long and end it, instead of refusing it. Default false. */
  readonly truncate?: boolean;
}

/**
 * The tokens of texts with start and end: each row has `contextLength` of them, filled up with 0.
 *
 * @returns  `ids` [G, contextLength] and `ends` [G], the place of each end token
 * @throws MaskwrightError INVALID_ARGUMENT naming a text that is too long
 * @see openai/CLIP, `clip.py`, `tokenize`
 */
export function tokenizeTexts(
  texts: readonly string[],
  tokenizer: TextTokenizer,
  { contextLength = 77, truncate = false }: TokenizeOptions = {},
): { readonly ids: Int32Array; readonly ends: Int32Array } {
  const ids = new Int32Array(texts.length * contextLength);
  const ends = new Int32Array(texts.length);
  texts.forEach((text, g) => {
    const { startToken, endToken } = tokenizer;
    const tokens = [startToken, ...tokenizer.encode(text), endToken];
    if (tokens.length > contextLength) {
      if (!truncate)
        throw invalid(
          `tokenizeTexts: ${JSON.stringify(text.slice(0, 40))}`,
          `at most ${contextLength} tokens`,
          tokens.length,
          "shorten the text, or truncate",
        );
      tokens.length = contextLength;
      tokens[contextLength - 1] = endToken;
    }
    ids.set(tokens, g * contextLength);
    ends[g] = tokens.length - 1;
  });
  return { ids, ends };
}
