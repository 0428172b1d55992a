import { describe, expect, it } from "vitest";
import { letterTokenizer } from "./testing/tiny-clip.ts";
import { layoutNames, layoutTexts, type TextLayout } from "./text-layout.ts";

/** Texts as they are read: "^" start, "$" end, "_" what fills up, letters, and contexts as owner and vector. */
function read({ tokens, rows, count, length, contextLength }: TextLayout): string[] {
  const written = Array.from(rows, (row) => {
    const context = row - tokens.length;
    if (context >= 0) return `${Math.floor(context / contextLength)}${context % contextLength}`;
    const id = tokens[row];
    return id === 0
      ? "_"
      : id === 27
        ? "."
        : id === 28
          ? "^"
          : id === 29
            ? "$"
            : String.fromCharCode(96 + id);
  });
  return Array.from({ length: count }, (_, g) => written.slice(g * length, (g + 1) * length).join(" "));
}

describe("layoutNames", () => {
  const names = ["cat", "", "x"];

  it("puts names behind, before and amid their contexts", () => {
    const lay = (namePosition: "end" | "front" | "middle"): string[] =>
      read(layoutNames(names, letterTokenizer, { contextLength: 3, namePosition }));
    expect(lay("end")).toEqual(["^ 00 01 02 c a t . $", "^ 00 01 02 . $ _ _ _", "^ 00 01 02 x . $ _ _"]);
    expect(lay("front")).toEqual(["^ c a t 00 01 02 . $", "^ 00 01 02 . $ _ _ _", "^ x 00 01 02 . $ _ _"]);
    expect(lay("middle")).toEqual(["^ 00 c a t 01 02 . $", "^ 00 01 02 . $ _ _ _", "^ 00 x 01 02 . $ _ _"]);
  });

  it("gives each its own context, or those that are named", () => {
    const each = layoutNames(names, letterTokenizer, { contextLength: 1, sharing: "each" });
    expect(read(each)).toEqual(["^ 00 c a t . $", "^ 10 . $ _ _ _", "^ 20 x . $ _ _"]);
    expect(each).toMatchObject({ contexts: 3, contextLength: 1, count: 3, length: 7 });
    expect([...each.ends]).toEqual([6, 3, 4]);
    const mixed = layoutNames(names, letterTokenizer, { contextLength: 1, sharing: [1, 0, 1] });
    expect(read(mixed)).toEqual(["^ 10 c a t . $", "^ 00 . $ _ _ _", "^ 10 x . $ _ _"]);
    expect(mixed.contexts).toBe(2);
  });

  it("takes no context, and underscores as blanks", () => {
    const layout = layoutNames(["a_b"], letterTokenizer, { contextLength: 0 });
    expect(read(layout)).toEqual(["^ a b . $"]);
    expect([...layout.tokens]).toEqual([1, 2, 27, 28, 29]);
  });

  it("refuses texts that are too long, and what fits no context", () => {
    const lay =
      (given: readonly string[], options: object): (() => TextLayout) =>
      () =>
        layoutNames(given, letterTokenizer, { contextLength: 2, ...options });
    expect(lay(["abc"], { maxLength: 8 })).not.toThrow();
    expect(lay(["abc"], { maxLength: 7 })).toThrow(
      'layoutNames: "abc": expected at most 7 tokens, start and end included, got 8 (number)',
    );
    expect(lay([], {})).toThrow("layoutNames: expected at least one text, got an array of 0");
    expect(lay(["a"], { contextLength: 1.5 })).toThrow("contextLength: expected an integer >= 0, got 1.5");
    expect(lay(["a"], { sharing: [0, 1] })).toThrow("sharing: expected a context for each of 1 names");
    expect(lay(["a"], { sharing: [-1] })).toThrow("sharing: expected integers >= 0, got -1");
  });
});

describe("layoutTexts", () => {
  it("has start and end around each text, up to the longest", () => {
    const layout = layoutTexts(["", "a bee"], letterTokenizer);
    expect(read(layout)).toEqual(["^ $ _ _ _ _", "^ a b e e $"]);
    expect(layout).toMatchObject({ contexts: 0, contextLength: 0, length: 6 });
    expect(() => layoutTexts(["abc"], letterTokenizer, 4)).toThrow("at most 4 tokens");
  });
});
