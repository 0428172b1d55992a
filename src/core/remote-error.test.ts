import { describe, expect, it } from "vitest";
import { badFormat, MaskwrightError } from "./error.ts";
import { packError, unpackError } from "./remote-error.ts";

/** As a message between threads leaves it. */
function sent(error: unknown): Error {
  return unpackError(structuredClone(packError(error)));
}

describe("packError and unpackError", () => {
  it.each([
    badFormat("a.png", "a PNG file", "an empty file", "Make it again."),
    new MaskwrightError("MODEL", "no runtime"),
  ])("keep the class, code, message and hint of %s", (error) => {
    const { code, message, hint } = error;
    const arrived = sent(error);
    expect(arrived).toBeInstanceOf(MaskwrightError);
    expect(arrived).toMatchObject({ code, message });
    expect((arrived as MaskwrightError).hint).toBe(hint);
  });

  it("keep the stack of a bug of ours, which is no MaskwrightError", () => {
    const arrived = sent(new TypeError("x is not a function"));
    expect(arrived).not.toBeInstanceOf(MaskwrightError);
    expect(arrived.message).toMatch(/^TypeError: x is not a function\n\s+at /);
  });

  it("take whatever was thrown", () => {
    expect(sent("text").message).toBe("text");
    expect(sent(undefined).message).toBe("undefined");
  });
});
