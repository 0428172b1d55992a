import { describe, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import { toyClipConfig } from "../../models/clip/config.ts";
import { createWordTokenizer } from "../../models/clip/word-tokenizer.ts";
import { drawScene } from "../../scenes/scene.ts";
import { alignTexts, writeNoun, writeText } from "./texts.ts";
import { nouns, toyWords } from "./words.ts";

const tokenizer = createWordTokenizer(toyWords, toyClipConfig.text.vocabulary);
const facts = (...nouns: string[]): ReadonlySet<string> => new Set(nouns);

describe("toyWords", () => {
  it("has every word that the generator says", () => {
    for (let k = 0; k < 60; k++)
      for (const caption of drawScene(`words-${k}`, { size: { height: 24, width: 24 } }).captions)
        expect([caption, tokenizer.encode(caption).includes(0)]).toEqual([caption, false]);
  });
});

describe("writeText", () => {
  it("claims what is in the view and no more, in words that are known", () => {
    const r = random(1);
    const seen = facts("car", "tree", "grass");
    const texts = Array.from({ length: 300 }, () => writeText(seen, r));
    for (const { text, claims } of texts) {
      expect(tokenizer.encode(text)).not.toContain(0);
      const words = text.split(/\W+/);
      expect([...seen].filter((noun) => words.includes(noun)).sort()).toEqual([...(claims ?? [])].sort());
    }
    expect(new Set(texts.map(({ claims }) => claims?.length))).toEqual(new Set([1, 2, 3]));
    expect(texts.map(({ text }) => text)).toContain("a clean origami car.");
  });

  it("speaks of the backdrop where there is no class", () => {
    const r = random(2);
    for (let k = 0; k < 20; k++) expect(writeText(facts("snow"), r).claims).toEqual(["snow"]);
  });
});

describe("writeNoun", () => {
  it("says the noun and no other, by known prompts or behind words that are not known", () => {
    const r = random(3);
    const texts = Array.from({ length: 200 }, () => writeNoun("car", r));
    for (const text of texts)
      expect(nouns.filter((noun) => text.split(/\W+/).includes(noun))).toEqual(["car"]);
    const fillers = texts.map((text) => tokenizer.encode(text).filter((id) => id === 0).length);
    expect([Math.min(...fillers), Math.max(...fillers)]).toEqual([0, 16]);
    expect(texts).toContain("a clean origami car.");
  });
});

describe("alignTexts", () => {
  it("takes a text for right where all it claims can be seen, and a caption for its own view", () => {
    const views = [facts("car", "grass"), facts("car"), facts("cat")];
    const texts = [
      { text: "a car and grass", claims: ["car", "grass"] },
      { text: "a car", claims: ["car"] },
      { text: "a red cat", claims: null },
    ];
    const { rows, columns } = alignTexts(views, texts);
    expect([...rows]).toEqual([0.5, 0.5, 0, 0, 1, 0, 0, 0, 1]);
    expect([...columns]).toEqual([1, 0.5, 0, 0, 0.5, 0, 0, 0, 1]);
  });

  it("never leaves a view without a text", () => {
    const { rows } = alignTexts([facts()], [{ text: "", claims: ["car"] }]);
    expect([...rows]).toEqual([1]);
  });
});
