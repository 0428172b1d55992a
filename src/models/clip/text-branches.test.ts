import { describe, expect, it } from "vitest";
import { letterTokenizer } from "./testing/tiny-clip.ts";
import { type BranchGroup, branchTexts } from "./text-branches.ts";
import { layoutNames, layoutTexts } from "./text-layout.ts";

/** Positions of all rows, the beginning apart from the texts. */
function outline(texts: readonly string[]): {
  prefix: number;
  groups: readonly BranchGroup[];
  ends: number[];
} {
  const { prefix, groups, ends } = branchTexts(layoutTexts(texts, letterTokenizer));
  return { prefix, groups, ends: [...ends] };
}

describe("branchTexts", () => {
  it("has the common beginning once, then texts by length", () => {
    expect(outline(["ab", "acde", "ax"])).toEqual({
      prefix: 2,
      groups: [
        { count: 2, length: 2 },
        { count: 1, length: 4 },
      ],
      ends: [3, 9, 5],
    });
    const { vectors, positions } = branchTexts(layoutTexts(["ab", "acde", "ax"], letterTokenizer));
    expect([...positions]).toEqual([0, 1, 2, 3, 2, 3, 2, 3, 4, 5]);
    expect(vectors.length).toBe(10);
  });

  it("leaves each text its own end: one text alone, equal texts, one that begins another", () => {
    expect(outline(["ab"])).toEqual({ prefix: 3, groups: [{ count: 1, length: 1 }], ends: [3] });
    expect(outline(["a", "a"])).toEqual({ prefix: 2, groups: [{ count: 2, length: 1 }], ends: [2, 3] });
    expect(outline(["", "a"])).toEqual({
      prefix: 1,
      groups: [
        { count: 1, length: 1 },
        { count: 1, length: 2 },
      ],
      ends: [1, 3],
    });
  });

  it("shares a context before names, and no more than the start otherwise", () => {
    const names = ["a", "bcd", ""];
    const prefixOf = (options: object): number =>
      branchTexts(layoutNames(names, letterTokenizer, { contextLength: 4, ...options })).prefix;
    expect(prefixOf({})).toBe(5);
    expect(prefixOf({ namePosition: "middle" })).toBe(3);
    expect(prefixOf({ namePosition: "front" })).toBe(1);
    expect(prefixOf({ sharing: "each" })).toBe(1);
  });
});
