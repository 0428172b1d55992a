import { invalid } from "../../core/error.ts";
import type { TextTokenizer } from "./tokenizer.ts";

/** Where the name of a class stands in its text. */
export type NamePosition = "end" | "front" | "middle";

export interface NameLayoutOptions {
  /** Vectors in a context, M. */
  readonly contextLength: number;
  /** Default "end". In the middle, the first ⌊M/2⌋ vectors stand before the name. */
  readonly namePosition?: NamePosition;
  /** Which context each name takes: one for all (default), each its own, or by number from 0. */
  readonly sharing?: "shared" | "each" | readonly number[];
  /** Tokens of a text, its start and end included. Default 77. */
  readonly maxLength?: number;
}

/** Where every position of every text takes its vector: from a token, or from a context that is learned. */
export interface TextLayout {
  /** The different token ids that occur, U of them, ascending. */
  readonly tokens: Int32Array;
  /** [G, T]: below U a row of `tokens`; from U on a row of the flattened contexts [S · M]. */
  readonly rows: Int32Array;
  /** [G], the position of each text's end token. */
  readonly ends: Int32Array;
  /** G */
  readonly count: number;
  /** T, up to the end of the longest text: what would follow has no effect on the encoder. */
  readonly length: number;
  /** S */
  readonly contexts: number;
  /** M */
  readonly contextLength: number;
}

/**
 * Texts of learned context vectors and class names: start, context and name in the given order, ".", end.
 *
 * A name may be empty: its text is start, context, ".", end in every layout. Underscores count as blanks. Shorter texts are filled up with
 * token 0, whose vector is no zero; the causal encoder never lets the end see it.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for a text that is too long, or sharing that does not fit the names
 * @see Zhou et al. 2022 (CoOp); HAL-42/FMA-WSSS, `prompt_learners.py`
 */
export function layoutNames(
  names: readonly string[],
  tokenizer: TextTokenizer,
  { contextLength, namePosition = "end", sharing = "shared", maxLength = 77 }: NameLayoutOptions,
): TextLayout {
  if (!Number.isInteger(contextLength) || contextLength < 0)
    throw invalid("layoutNames: contextLength", "an integer >= 0", contextLength);
  const owners = contextOwners(names.length, sharing);
  const before = leadingContext(namePosition, contextLength);
  const texts = names.map((name, g) => {
    // Vectors of contexts are negative, ~row, so that token ids keep their own numbers.
    const context = Array.from({ length: contextLength }, (_, m) => ~(owners[g] * contextLength + m));
    const plain = name.replaceAll("_", " ");
    // With its full stop, as published: "U.S." ends in one token "..", which is cut from the name's.
    const words = tokenizer.encode(`${plain}.`);
    const leading = namePosition === "end" ? 0 : tokenizer.encode(plain).length;
    return [
      tokenizer.startToken,
      ...context.slice(0, before),
      ...words.slice(0, leading),
      ...context.slice(before),
      ...words.slice(leading),
      tokenizer.endToken,
    ];
  });
  const contexts = owners.reduce((most, owner) => Math.max(most, owner + 1), 0);
  return layoutRows("layoutNames", names, texts, { maxLength, contexts, contextLength });
}

/**
 * Texts as they are, without contexts.
 *
 * @param maxLength  tokens of a text, its start and end included
 * @throws MaskwrightError INVALID_ARGUMENT for a text that is too long
 */
export function layoutTexts(texts: readonly string[], tokenizer: TextTokenizer, maxLength = 77): TextLayout {
  const { startToken, endToken } = tokenizer;
  const rows = texts.map((text) => [startToken, ...tokenizer.encode(text), endToken]);
  return layoutRows("layoutTexts", texts, rows, { maxLength, contexts: 0, contextLength: 0 });
}

/** @param rows  token ids, and the vectors of contexts as ~row */
function layoutRows(
  where: string,
  names: readonly string[],
  rows: readonly (readonly number[])[],
  { maxLength, ...contexts }: { maxLength: number } & Pick<TextLayout, "contexts" | "contextLength">,
): TextLayout {
  if (rows.length === 0) throw invalid(where, "at least one text", names);
  const long = rows.findIndex((row) => row.length > maxLength);
  if (long >= 0)
    throw invalid(
      `${where}: ${JSON.stringify(names[long].slice(0, 40))}`,
      `at most ${maxLength} tokens, start and end included`,
      rows[long].length,
    );
  const length = Math.max(...rows.map((row) => row.length));
  const padded = rows.flatMap((row) => [...row, ...Array<number>(length - row.length).fill(0)]);
  const tokens = Int32Array.from(new Set(padded.filter((id) => id >= 0))).sort();
  const rowOf = new Map([...tokens].map((id, row) => [id, row]));
  return {
    tokens,
    rows: Int32Array.from(padded, (id) => rowOf.get(id) ?? tokens.length + ~id),
    ends: Int32Array.from(rows, (row) => row.length - 1),
    count: rows.length,
    length,
    ...contexts,
  };
}

/** How many vectors of a context stand before the name. */
function leadingContext(position: NamePosition, contextLength: number): number {
  switch (position) {
    case "end":
      return contextLength;
    case "front":
      return 0;
    case "middle":
      return Math.floor(contextLength / 2);
    default:
      return position satisfies never;
  }
}

/** The context of each name. */
function contextOwners(count: number, sharing: "shared" | "each" | readonly number[]): readonly number[] {
  if (sharing === "shared") return Array<number>(count).fill(0);
  if (sharing === "each") return Array.from({ length: count }, (_, g) => g);
  if (sharing.length !== count)
    throw invalid("layoutNames: sharing", `a context for each of ${count} names`, sharing);
  const wrong = sharing.find((owner) => !Number.isInteger(owner) || owner < 0);
  if (wrong !== undefined) throw invalid("layoutNames: sharing", "integers >= 0", wrong);
  return sharing;
}
