import { badFormat } from "../../core/error.ts";

/** What a byte-pair tokenizer knows. */
export interface Vocabulary {
  /** Ids of tokens as they are written: a byte is one character (`byteCharacters`), the end of a word "</w>". */
  readonly ids: ReadonlyMap<string, number>;
  /** Pairs, "left right", by the order in which they are joined. */
  readonly ranks: ReadonlyMap<string, number>;
}

export const WORD_END = "</w>";
export const START_OF_TEXT = "<|startoftext|>";
export const END_OF_TEXT = "<|endoftext|>";

/** Merges of CLIP's vocabulary: 49,408 tokens less 256 bytes, 256 at the end of a word, and the two specials. */
const MERGES = 49_408 - 2 * 256 - 2;

/** The published files have 1 to 3 MB, the packed one 3 MB unpacked. */
const MAX_BYTES = 2 ** 24;

/**
 * The vocabulary of CLIP, from any of the files it comes in: OpenAI's `bpe_simple_vocab_16e6.txt.gz` (or unpacked), Hugging Face's
 * `tokenizer.json`, or its `merges.txt`, with `vocab.json` as the second file where the ids are not those of CLIP's order.
 *
 * @param where  what to call the file in an error
 * @throws MaskwrightError BAD_FORMAT
 * @see openai/CLIP, `simple_tokenizer.py`, `SimpleTokenizer.__init__`
 */
export async function readVocabulary(
  file: Uint8Array,
  { where = "vocabulary", ids }: { readonly where?: string; readonly ids?: Uint8Array } = {},
): Promise<Vocabulary> {
  const text = new TextDecoder().decode(await unpack(file, where));
  if (text.startsWith("{")) return readTokenizerJson(text, where);
  const given =
    ids === undefined ? null : readIds(parseObject(decodeText(ids, `${where}: ids`), where), where);
  // OpenAI's file goes on after what CLIP uses.
  const merges = readMerges(text, given === null ? MERGES : Number.POSITIVE_INFINITY, where);
  return checked(given ?? clipIds(merges), merges, where);
}

/** Characters that stand for the 256 bytes, none of them blank; in the order of their ids. */
export const byteCharacters: ReadonlyMap<number, string> = orderBytes();

function orderBytes(): Map<number, string> {
  const isVisible = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const others = bytes.filter((byte) => !isVisible(byte));
  return new Map([
    ...bytes.filter(isVisible).map((byte): [number, string] => [byte, String.fromCharCode(byte)]),
    ...others.map((byte, i): [number, string] => [byte, String.fromCharCode(256 + i)]),
  ]);
}

/** Bytes, bytes that end a word, merges in order, specials. */
function clipIds(merges: readonly string[]): Map<string, number> {
  const bytes = [...byteCharacters.values()];
  const tokens = [
    ...bytes,
    ...bytes.map((character) => character + WORD_END),
    ...merges.map((merge) => merge.replace(" ", "")),
    START_OF_TEXT,
    END_OF_TEXT,
  ];
  return new Map(tokens.map((token, id) => [token, id]));
}

function readMerges(text: string, count: number, where: string): string[] {
  const lines = text.split("\n").map((line) => line.trim());
  const first = lines[0].includes("#version") ? 1 : 0;
  const merges = lines.slice(first, Math.min(lines.length, first + count)).filter((line) => line !== "");
  const wrong = merges.findIndex((merge) => merge.split(" ").length !== 2);
  if (wrong >= 0)
    throw badFormat(
      `${where}: line ${first + wrong + 1}`,
      "two tokens",
      JSON.stringify(merges[wrong].slice(0, 40)),
    );
  if (merges.length < count && count === MERGES)
    throw badFormat(
      where,
      `${MERGES} merges`,
      `${merges.length}`,
      "ids of another vocabulary are in its vocab.json",
    );
  return merges;
}

function readTokenizerJson(text: string, where: string): Vocabulary {
  const { model, added_tokens: added = [] } = parseObject(text, where);
  if (!isRecord(model) || !Array.isArray(model.merges) || !isRecord(model.vocab))
    throw badFormat(
      where,
      '"model" with "vocab" and "merges"',
      "another JSON",
      "CLIP's tokenizer.json has both",
    );
  const ids = readIds(model.vocab, where);
  for (const token of Array.isArray(added) ? added : [])
    if (isRecord(token) && typeof token.content === "string") setId(ids, token.content, token.id, where);
  // Written as "left right", since 2024 also as a list of two.
  const merges = model.merges.map((merge) => (Array.isArray(merge) ? merge.join(" ") : String(merge)));
  return checked(ids, merges, where);
}

function readIds(vocabulary: Record<string, unknown>, where: string): Map<string, number> {
  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(vocabulary)) setId(ids, token, id, where);
  return ids;
}

function setId(ids: Map<string, number>, token: string, id: unknown, where: string): void {
  if (typeof id !== "number" || !Number.isInteger(id) || id < 0)
    throw badFormat(`${where}: ${JSON.stringify(token.slice(0, 40))}`, "an id", JSON.stringify(id) ?? "none");
  ids.set(token, id);
}

/** Every token that merging can make has an id. */
function checked(ids: ReadonlyMap<string, number>, merges: readonly string[], where: string): Vocabulary {
  const bytes = [...byteCharacters.values()];
  const made = [
    ...bytes,
    ...bytes.map((character) => character + WORD_END),
    ...merges.map((merge) => merge.replace(" ", "")),
    START_OF_TEXT,
    END_OF_TEXT,
  ];
  const missing = made.find((token) => !ids.has(token));
  if (missing !== undefined)
    throw badFormat(where, `an id for ${JSON.stringify(missing.slice(0, 40))}`, "none");
  return { ids, ranks: new Map(merges.map((merge, rank) => [merge, rank])) };
}

function parseObject(text: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badFormat(where, "JSON", (error as Error).message.slice(0, 80));
  }
  if (!isRecord(value)) throw badFormat(where, "a JSON object", "another value");
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function decodeText(bytes: Uint8Array, where: string): string {
  checkLength(bytes.length, where);
  return new TextDecoder().decode(bytes);
}

function checkLength(length: number, where: string): void {
  if (length > MAX_BYTES) throw badFormat(where, `at most ${MAX_BYTES} bytes`, `${length}`);
}

/** The bytes, unpacked if they are gzip's, with the limit held to while they are. */
async function unpack(bytes: Uint8Array, where: string): Promise<Uint8Array> {
  checkLength(bytes.length, where);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of stream) {
      parts.push(part);
      length += part.length;
      checkLength(length, where);
    }
  } catch (error) {
    if (length > MAX_BYTES) throw error;
    throw badFormat(where, "gzip data", (error as Error).message);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
