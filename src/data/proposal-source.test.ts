import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { drawnFiles } from "../testing/drawn-proposals.ts";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { openProposals } from "./proposal-source.ts";

let folder = "";
beforeEach(() => {
  folder = temporaryFolder();
});

const { json, png } = drawnFiles;

function put(path: string, content: string | Uint8Array): void {
  writeTree(folder, { [path]: content });
}

describe("openProposals", () => {
  it("finds JSON files, packed or not, in folders below too", () => {
    put("b.json", json);
    put("a.json.gz", gzipSync(json));
    put("sub/c.json", json);
    put(".hidden/d.json", json);
    put("README.md", "");
    mkdirSync(join(folder, "empty"));
    expect(openProposals(folder)).toEqual({ layout: "json", folder, ids: ["a", "b", "sub/c"] });
  });

  it("finds the proposals inside a run directory", () => {
    put("run.json", "{}");
    put("report.json", "{}");
    put("proposals/a.json", json);
    expect(openProposals(folder)).toEqual({ layout: "json", folder: join(folder, "proposals"), ids: ["a"] });
  });

  it("finds folders of masks; an empty one is a picture without masks", () => {
    put("a/0.png", png);
    put("a/deeper/x.png", png);
    put("sub/b/0.png", png);
    put("c/.keep", "");
    expect(openProposals(folder)).toEqual({ layout: "masks", folder, ids: ["a", "c", "sub/b"] });
  });

  it("follows links to the masks of a picture, but not in circles", () => {
    put("in/sub/a/0.png", png);
    symlinkSync(join(folder, "in/sub/a"), join(folder, "in/b"));
    symlinkSync(join(folder, "in"), join(folder, "in/sub/again"));
    expect(openProposals(join(folder, "in")).ids).toEqual(["b", "sub/a"]);
  });

  it("takes folders that are all empty for pictures without masks", () => {
    mkdirSync(join(folder, "a"));
    expect(openProposals(folder)).toEqual({ layout: "masks", folder, ids: ["a"] });
  });

  it("finds arrays", () => {
    put("a.npz", "");
    put("b.npy", "");
    expect(openProposals(folder)).toEqual({ layout: "arrays", folder, ids: ["a", "b"] });
  });

  it("refuses a folder with nothing in it, a missing one, and a run without proposals", () => {
    expect(() => openProposals(folder)).toThrow(/: expected proposals \(.*\), got none$/);
    expect(() => openProposals(join(folder, "no"))).toThrow(/no: expected a folder, got nothing there$/);
    put("run.json", "{}");
    expect(() => openProposals(folder)).toThrow(/: expected proposals \(.*\), got none$/);
  });

  it("refuses two layouts, two files of one picture, and the masks of one picture", () => {
    put("a.json", json);
    put("b/0.png", png);
    expect(() => openProposals(folder)).toThrow(
      /: expected proposals in one layout, got 1 JSON files \("a" first\) and 1 folders of mask PNGs \("b" first\)$/,
    );
    expect(() => openProposals(join(folder, "b"))).toThrow(
      /b: expected a folder of masks for each picture, got masks \(0\.png\)$/,
    );
    rmSync(join(folder, "b"), { recursive: true });
    put("a.json.gz", gzipSync(json));
    expect(() => openProposals(folder)).toThrow(/: expected one file for each picture, got two for "a"$/);
  });
});
