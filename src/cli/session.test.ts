import { expect, it } from "vitest";
import { progressKind } from "./session.ts";

it("draws a bar only where there is room for one", () => {
  expect(progressKind({}, { isTTY: true, columns: 80 })).toBe("bar");
  expect(progressKind({}, { isTTY: true, columns: 0 })).toBe("lines");
  expect(progressKind({}, { isTTY: false, columns: 80 })).toBe("lines");
  expect(progressKind({ json: true }, { isTTY: true, columns: 80 })).toBe("json");
});
