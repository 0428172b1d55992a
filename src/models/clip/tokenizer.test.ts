import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { cleanText, unescapeHtml } from "./clean-text.ts";
import { createTokenizer, tokenizeTexts } from "./tokenizer.ts";
import { byteCharacters, readVocabulary } from "./vocabulary.ts";

const merges = ["c a", "ca t</w>", "a a", "aa a</w>", "d o", "do g</w>"];
const bytes = [...byteCharacters.values()];
const tokens = [
  ...bytes,
  ...bytes.map((each) => `${each}</w>`),
  ...merges.map((each) => each.replace(" ", "")),
  "<|startoftext|>",
  "<|endoftext|>",
];
const ids = Object.fromEntries(tokens.map((token, id) => [token, id]));
const encoded = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const small = (): ReturnType<typeof readVocabulary> =>
  readVocabulary(encoded(`#version: 0.2\n${merges.join("\n")}\n`), { ids: encoded(ids) });

/** As many merges as CLIP has, of which the first are these. */
function publishedMerges(): string {
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const made: string[] = [];
  for (const a of letters)
    for (const b of letters)
      for (const c of letters) for (const d of ["x", "y", "z"]) made.push(`${a}${b} ${c}${d}`);
  return [...merges, ...made].slice(0, 48_894).join("\n");
}

describe("createTokenizer", () => {
  it("joins the pair of lowest rank first, wherever it stands", async () => {
    const tokenizer = createTokenizer(await small());
    const words = (text: string): string[] => tokenizer.encode(text).map((id) => tokens[id]);
    expect(words("cat dog")).toEqual(["cat</w>", "dog</w>"]);
    expect(words("cats")).toEqual(["ca", "t", "s</w>"]);
    expect(words("aaaaa")).toEqual(["aa", "aaa</w>"]);
    expect(words("aaa")).toEqual(["aaa</w>"]);
    expect(words("a")).toEqual(["a</w>"]);
    expect(words("")).toEqual([]);
    expect(words("it's 42!?")).toEqual(["i", "t</w>", "'", "s</w>", "4</w>", "2</w>", "!", "?</w>"]);
    expect(words("é")).toEqual(["Ã", "©</w>"]);
  });

  it("gives specials in a text as what they are, and texts back from ids", async () => {
    const tokenizer = createTokenizer(await small());
    expect(tokenizer.encode("<|STARTOFTEXT|>")).toEqual([tokenizer.startToken]);
    expect(tokenizer.encode("<|ſtartoftext|>")).not.toContain(tokenizer.startToken);
    expect(tokenizer.decode(tokenizer.encode("Cat  &amp; dög 😀"))).toBe("cat & dög 😀 ");
    expect(() => tokenizer.decode([9999])).toThrow("decode: ids: expected ids of the vocabulary, got 9999");
  });

  it("refuses texts that no context would hold", async () => {
    const tokenizer = createTokenizer(await small());
    expect(() => tokenizer.encode("a".repeat(10_001))).toThrow(
      "encode: text: expected at most 10000 characters",
    );
  });
});

describe("tokenizeTexts", () => {
  it("fills up with 0, and cuts only when told to", async () => {
    const tokenizer = createTokenizer(await small());
    const [start, cat, end] = [tokenizer.startToken, ids["cat</w>"], tokenizer.endToken];
    const { ids: rows, ends } = tokenizeTexts(["cat", "", "cat cat cat"], tokenizer, { contextLength: 5 });
    expect([...rows]).toEqual([start, cat, end, 0, 0, start, end, 0, 0, 0, start, cat, cat, cat, end]);
    expect([...ends]).toEqual([2, 1, 4]);
    const options = { contextLength: 4 };
    expect(() => tokenizeTexts(["cat cat cat"], tokenizer, options)).toThrow(
      'tokenizeTexts: "cat cat cat": expected at most 4 tokens, got 5 (number)',
    );
    const cut = tokenizeTexts(["cat cat cat"], tokenizer, { ...options, truncate: true });
    expect([...cut.ids]).toEqual([start, cat, cat, end]);
    expect([...cut.ends]).toEqual([3]);
  });
});

describe("readVocabulary", () => {
  it("reads all files it comes in", async () => {
    const text = `"bpe_simple_vocab_16e6.txt#version: 0.2\n${publishedMerges()}\nz zz\n`;
    const packed = await readVocabulary(gzipSync(text));
    expect(packed.ids.size).toBe(49_408);
    expect(packed.ids.get("!")).toBe(0);
    expect(packed.ids.get("!</w>")).toBe(256);
    expect(packed.ids.get("ca")).toBe(512);
    expect(packed.ids.get("<|endoftext|>")).toBe(49_407);
    expect(packed.ranks.has("z zz")).toBe(false);
    expect(await readVocabulary(encoded(text))).toEqual(packed);
    expect(await readVocabulary(encoded(publishedMerges()))).toEqual(packed);

    const fromTwo = await small();
    const added = ["<|startoftext|>", "<|endoftext|>"].map((content) => ({ id: ids[content], content }));
    for (const pairs of [merges, merges.map((merge) => merge.split(" "))]) {
      const vocab = Object.fromEntries(Object.entries(ids).filter(([token]) => !token.startsWith("<|")));
      const json = { model: { type: "BPE", vocab, merges: pairs }, added_tokens: added };
      expect(await readVocabulary(encoded(json))).toEqual(fromTwo);
    }
  });

  it("says what is wrong with others", async () => {
    const read = (value: unknown, options = {}): Promise<unknown> =>
      readVocabulary(encoded(value), { where: "v", ...options });
    await expect(read("a b\nc d")).rejects.toThrow("v: expected 48894 merges, got 2");
    await expect(read("a b c\n", { ids: encoded(ids) })).rejects.toThrow(
      'v: line 1: expected two tokens, got "a b c"',
    );
    await expect(read("q q\n", { ids: encoded(ids) })).rejects.toThrow(
      'v: expected an id for "qq", got none',
    );
    await expect(read("a b", { ids: encoded("[1]") })).rejects.toThrow("v: expected a JSON object");
    await expect(read("a b", { ids: encoded({ a: -1 }) })).rejects.toThrow('v: "a": expected an id, got -1');
    await expect(read("{")).rejects.toThrow("v: expected JSON");
    await expect(read({ model: {} })).rejects.toThrow('v: expected "model" with "vocab" and "merges"');
    await expect(readVocabulary(Uint8Array.of(0x1f, 0x8b, 0), { where: "v" })).rejects.toThrow(
      "v: expected gzip data",
    );
  });

  it("stops unpacking at its limit", async () => {
    const bomb = gzipSync(new Uint8Array(2 ** 25));
    expect(bomb.length).toBeLessThan(2 ** 16);
    await expect(readVocabulary(bomb, { where: "v" })).rejects.toThrow("v: expected at most 16777216 bytes");
  });
});

describe("cleanText", () => {
  it.each([
    ["  A\t b\r\nC ", "a b c"],
    ["“x” ‘y’", "\"x\" 'y'"],
    ["ﬁne ＦＵＬＬ", "fine full"],
    ["e\u0301", "é"],
    ["&amp;lt;b&gt;", "<b>"],
    ["a\u0000b\ufeffc\u001b[31md", "abcd"],
    ["\ud800x", "\ufffdx"],
    ["İ", "i̇"],
    ["x\u0085y", "x…y"],
    ["a\u00a0\u2003b", "a b"],
  ])("%j", (text, cleaned) => {
    expect(cleanText(text)).toBe(cleaned);
  });
});

describe("unescapeHtml", () => {
  /** As Python's `html.unescape`. */
  it.each([
    ["&#39;&#x27;&#X27;&#39x", "'''" + "'x"],
    ["&#0;&#xD800;&#x110000;&#99999999999999999999;", "\ufffd\ufffd\ufffd\ufffd"],
    ["&#128;&#x99;&#129;", "€™\x81"],
    ["&#1;&#x7f;&#xfdd0;&#x1ffff;&#9;", "\t"],
    ["&eacute;&Alpha;&hearts;&apos;", "éΑ♥'"],
    ["&eacutex &notit; &amp", "éx ¬it; &"],
    ["&alpha &nothing; & &; &#; &#x;", "&alpha ¬hing; & &; &#; &#x;"],
  ])("%j", (text, plain) => {
    expect(unescapeHtml(text)).toBe(plain);
  });
});
