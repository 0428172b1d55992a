import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeClassTexts, readClassTexts } from "./class-texts.ts";

const classes = ["background", "mug", "bird"];
const decode = (value: unknown): ReturnType<typeof decodeClassTexts> =>
  decodeClassTexts(value, "my.json", classes);

describe("decodeClassTexts", () => {
  it("names classes as the file does, or by their own names", () => {
    const value = { name: "mine", classes: { bird: " bird avian " }, background: ["table", "", ""] };
    expect(decode(value)).toEqual({
      name: "mine",
      classes: ["mug", "bird avian"],
      background: ["table", "", ""],
    });
    expect(decode({})).toEqual({ name: "my.json", classes: ["mug", "bird"], background: [] });
  });

  it("leaves what the file does not say as it was", () => {
    const base = { classes: ["cup", "bird avian"], background: ["table", "sky"] };
    const said = (value: unknown): object => decodeClassTexts(value, "my.json", classes, base);
    expect(said({})).toEqual({ name: "my.json", ...base });
    expect(said({ classes: { mug: "table" } })).toMatchObject({
      classes: ["table", "bird avian"],
      background: ["sky"],
    });
    expect(said({ background: [] })).toMatchObject({ classes: base.classes, background: [] });
  });

  it("lists all that is wrong", () => {
    expect(() => decode([])).toThrow("expected an object, got []");
    expect(() => decode({ class: {} })).toThrow("no keys but name, classes and background");
    expect(() => decode({ classes: { bird: "" }, background: [1] })).toThrow(
      /2 problems\n {2}classes.bird: expected a text, got ""\n {2}background\[0\]: expected a text, got 1/,
    );
    const twice = { classes: { bird: "mug", cup: "cup" }, background: ["sky", "sky", "mug"] };
    expect(() => decode(twice)).toThrow(
      /4 problems\n {2}classes.cup: .*\n {2}classes.bird: .* that of mug.*\n {2}background\[1\].*\n {2}background\[2\]/,
    );
  });
});

describe("readClassTexts", () => {
  it("reads a file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "maskwright-texts-"));
    try {
      const path = join(folder, "texts.json");
      writeFileSync(path, '{ "background": ["sky"] }');
      expect((await readClassTexts(path, classes)).background).toEqual(["sky"]);
      writeFileSync(path, "{");
      await expect(readClassTexts(path, classes)).rejects.toThrow("expected JSON");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
