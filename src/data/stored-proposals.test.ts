import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MaskwrightError } from "../core/error.ts";
import type { ProposalSet } from "../core/proposal.ts";
import { decodeRle, encodeRle } from "../core/rle.ts";
import { draw, mask } from "../testing/picture.ts";
import { encodeMask } from "./mask-file.ts";
import { encodeProposals } from "./proposal-file.ts";
import { loadProposals } from "./stored-proposals.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maskwright-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const rle = encodeRle(mask(".## ..."));
const box = { x0: 1, y0: 0, x1: 3, y1: 1 };
const set: ProposalSet = {
  id: "elsewhere",
  height: 2,
  width: 3,
  proposals: [{ rle, area: 2, box, predictedIou: 1, stability: 1 }],
};
const json = encodeProposals(set);
const png = encodeMask(mask(".## ..."));

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
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
      expect(found.set).toEqual({ ...set, id });
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
