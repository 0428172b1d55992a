import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { MaskwrightError } from "../core/error.ts";
import { decodeRle } from "../core/rle.ts";
import { drawnFiles, drawnSet } from "../testing/drawn-proposals.ts";
import { draw } from "../testing/picture.ts";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { loadProposals } from "./stored-proposals.ts";

let folder = "";
beforeEach(() => {
  folder = temporaryFolder();
});

const { json, png } = drawnFiles;

function put(path: string, content: string | Uint8Array): void {
  writeTree(folder, { [path]: content });
}

describe("loadProposals", () => {
  it("reads every layout; the id is the path, whatever the file says", async () => {
    put("a.json", json);
    put("sub/b.json.gz", gzipSync(json));
    put("c/0.png", png);
    put("c/metadata.csv", "id,predicted_iou,stability_score\n0,1,1\n");
    for (const id of ["a", "sub/b", "c"]) {
      const { files, decode } = await loadProposals(folder, id);
      const found = decode();
      expect(found.set).toEqual({ ...drawnSet, id });
      expect(found.oddMasks).toEqual([]);
      expect(draw(decodeRle(found.set.proposals[0].rle))).toBe(".## ...");
      expect(files.every(({ path }) => path.startsWith(join(folder, id)))).toBe(true);
    }
    expect((await loadProposals(folder, "c")).files.map(({ path }) => path)).toEqual([
      join(folder, "c/0.png"),
      join(folder, "c/metadata.csv"),
    ]);
  });

  it("reads an empty folder as a picture without masks, but not one above others", async () => {
    mkdirSync(join(folder, "a"));
    put("above/b/0.png", png);
    expect((await loadProposals(folder, "a")).decode().set).toEqual({
      id: "a",
      height: 0,
      width: 0,
      proposals: [],
    });
    await expect(loadProposals(folder, "above")).rejects.toThrow(/expected proposals of "above"/);
  });

  it("names the id and the folder when there is nothing, and refuses to leave the folder", async () => {
    put("a.json", json);
    const read = loadProposals(folder, "b");
    await expect(read).rejects.toThrow(MaskwrightError);
    await expect(read).rejects.toThrow(`${folder}: expected proposals of "b" (`);
    await expect(loadProposals(join(folder, "no"), "b")).rejects.toThrow(
      /no: expected a folder, got nothing there$/,
    );
    await expect(loadProposals(folder, "../b")).rejects.toThrow(
      /: expected a picture id, got a path with "\.\.": "\.\.\/b"$/,
    );
  });
});
