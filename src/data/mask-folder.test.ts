import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listMaskFolder } from "./mask-folder.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskwright-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("listMaskFolder", () => {
  it("takes regular files that end in png, by the numbers in their names, and metadata.csv last", () => {
    for (const name of [
      "10.png",
      "2.png",
      "noext_png",
      "mask.PNG",
      ".hidden.png",
      "notes.txt",
      "metadata.csv",
    ])
      writeFileSync(join(folder, name), "");
    mkdirSync(join(folder, "sub_png"));
    symlinkSync(join(folder, "2.png"), join(folder, "30.png"));
    symlinkSync(join(folder, "nowhere"), join(folder, "31.png"));
    const names = ["2.png", "10.png", "30.png", "noext_png", "metadata.csv"];
    expect(listMaskFolder(folder)).toEqual(names.map((name) => join(folder, name)));
  });

  it("refuses a missing folder and a file", () => {
    expect(() => listMaskFolder(join(folder, "no"))).toThrow(/no: expected a folder, got nothing there$/);
    writeFileSync(join(folder, "file"), "");
    expect(() => listMaskFolder(join(folder, "file"))).toThrow(/file: expected a folder, got a file$/);
  });
});
