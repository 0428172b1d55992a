import { describe, expect, it } from "vitest";
import { nearestName } from "./nearest-name.ts";

describe("nearestName", () => {
  it.each([
    ["setps", "steps"],
    ["Model", "model"],
    ["image", "images"],
    ["tag", "tags"],
    ["quxxyz", null],
    ["", null],
  ])("takes %j for %j", (typed, name) => {
    expect(nearestName(typed, ["steps", "model", "images", "tags"])).toBe(name);
  });

  it("takes the first of equals, and nothing of nothing", () => {
    expect(nearestName("b", ["a", "c"])).toBe("a");
    expect(nearestName("a", [])).toBeNull();
  });
});
