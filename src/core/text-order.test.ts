import { expect, it } from "vitest";
import { compareText } from "./text-order.ts";

it("puts texts in the order of their code units", () => {
  const ordered = ["", "10", "9", "B", "a", "a-1", "a/1", "aa", "é", "\u{1f600}", "\uff5e"];
  expect([...ordered].reverse().sort(compareText)).toEqual(ordered);
});

it("is 0 for equal texts alone", () => {
  expect(compareText("a", "a")).toBe(0);
  expect(compareText("\u00e9", "e\u0301")).toBe(1); // two ways to write é
  expect(compareText("", "a")).toBe(-1);
});
