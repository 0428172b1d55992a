import { describe, expect, it } from "vitest";
import { badFormat, invalid, MaskwrightError } from "./error.ts";

describe("errors", () => {
  it("say where, what was expected and what was got", () => {
    expect(invalid("erode: radius", "an integer >= 0", -1.5).message).toBe(
      "erode: radius: expected an integer >= 0, got -1.5 (number)",
    );
    expect(invalid("a", "b", undefined).message).toBe("a: expected b, got undefined");
    expect(invalid("a", "b", ["x"]).message).toBe("a: expected b, got an array of 1");
    expect(invalid("a", "b", "x".repeat(100)).message).toBe(`a: expected b, got "${"x".repeat(77)}..."`);
    expect(badFormat("a.png", "pixels", "text").code).toBe("BAD_FORMAT");
  });

  it("carry a hint and a cause only when there is one", () => {
    const cause = new Error("disk");
    const full = new MaskwrightError("NOT_FOUND", "gone", { hint: "look again", cause });
    expect([full.hint, full.cause]).toEqual(["look again", cause]);
    const bare = new MaskwrightError("NOT_FOUND", "gone");
    expect([bare.hint, bare.cause]).toEqual([undefined, undefined]);
  });
});
