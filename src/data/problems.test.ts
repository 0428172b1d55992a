import { describe, expect, it } from "vitest";
import { MaskwrightError } from "../core/error.ts";
import { collectProblems, quote } from "./problems.ts";

describe("collectProblems", () => {
  it("is silent without problems", () => {
    collectProblems("a.csv").throwIfAny();
  });

  it("puts a single problem on one line", () => {
    const problems = collectProblems("a.csv");
    problems.add("line 2, x0", "a number", '"b"');
    expect(() => problems.throwIfAny()).toThrow(/^a\.csv: line 2, x0: expected a number, got "b"$/);
  });

  it("lists twenty, keeps a thousand and counts all", () => {
    const problems = collectProblems("a.csv");
    for (let line = 1; line <= 2000; line++) problems.add(`line ${line}`, "x", "y");
    try {
      problems.throwIfAny("mend it");
      expect.unreachable();
    } catch (error) {
      const { message, cause, hint } = error as MaskwrightError;
      expect(error).toBeInstanceOf(MaskwrightError);
      expect(message.split("\n")).toHaveLength(22);
      expect(message).toContain("a.csv: 2000 problems\n  line 1: expected x, got y\n");
      expect(message).toMatch(/line 20: expected x, got y\n {2}and 1980 more$/);
      expect(cause).toHaveLength(1000);
      expect(hint).toBe("mend it");
    }
  });

  it("quotes values briefly", () => {
    expect(quote(undefined)).toBe("nothing");
    expect(quote(3n)).toBe("3");
    expect(quote("é")).toBe('"é"');
    expect(quote("x".repeat(200))).toHaveLength(80);
    expect(quote([1n])).toBe("a list that cannot be written");
    const deep = JSON.parse(`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`);
    expect(quote(deep)).toBe("an object that cannot be written");
  });
});
