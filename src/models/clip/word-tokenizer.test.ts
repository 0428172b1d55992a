import { describe, expect, it } from "vitest";
import { layoutNames } from "./text-layout.ts";
import { createWordTokenizer, readWords } from "./word-tokenizer.ts";

const tokenizer = createWordTokenizer(["a", "red", "car", "."], 10);

describe("createWordTokenizer", () => {
  it("gives each word its place, and all others none", () => {
    expect(tokenizer.encode("A red car.")).toEqual([1, 2, 3, 4]);
    expect(tokenizer.encode("  a blue-car, 42 ")).toEqual([1, 0, 0, 3, 0, 0, 0]);
    expect(tokenizer.encode("cars")).toEqual([0]);
    expect(tokenizer.encode("")).toEqual([]);
  });

  it("ends texts with the largest id, also behind a context", () => {
    expect([tokenizer.startToken, tokenizer.endToken]).toEqual([8, 9]);
    const { tokens, rows, ends } = layoutNames(["red car", ""], tokenizer, { contextLength: 1 });
    expect([...tokens]).toEqual([0, 2, 3, 4, 8, 9]);
    expect([...rows]).toEqual([4, 6, 1, 2, 3, 5, 4, 6, 3, 5, 0, 0]);
    expect([...ends]).toEqual([5, 3]);
  });

  it("refuses words that have no room or no place of their own", () => {
    expect(() => createWordTokenizer([], 10, "a.safetensors")).toThrow(
      "a.safetensors: expected 1 to 7 words, got 0",
    );
    expect(createWordTokenizer([..."abcdefg"], 10).encode("g")).toEqual([7]);
    expect(() => createWordTokenizer([..."abcdefgh"], 10)).toThrow("expected 1 to 7 words, got 8");
    expect(() => createWordTokenizer(["a", "b", "a"], 10)).toThrow("expected each word once");
  });
});

describe("readWords", () => {
  it("takes the words of a weight file, and says so where there are none", () => {
    const where = "toy.safetensors";
    expect(readWords({ where, metadata: new Map([["words", "a car"]]) }, 10).encode("a car")).toEqual([1, 2]);
    expect(() => readWords({ where, metadata: new Map() }, 10)).toThrow(
      "toy.safetensors: words: expected 1 to 7 words, got 0",
    );
  });
});
