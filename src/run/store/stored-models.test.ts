import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { MaskwrightError } from "../../core/error.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import { findModel, modelRegistry } from "../../models/registry.ts";
import { randomTensors, tinyConfig } from "../../models/sam/testing/tiny-sam.ts";
import { authorsFile, hashBytes, tinyModel, tinyPth, tinySafetensors } from "../../testing/tiny-model.ts";
import { hashTree, temporaryFolder, writeTree } from "../../testing/tree.ts";
import { zip } from "../../testing/zip.ts";
import { bundledFile } from "./bundled-file.ts";
import { importFile } from "./import-file.ts";
import { formatModels } from "./model-table.ts";
import { readStoredFile, writeStoredFile } from "./stored-file.ts";
import {
  listModels,
  locateFiles,
  locateModel,
  locateNotes,
  removeModel,
  verifyFile,
} from "./stored-models.ts";

const entry = tinyModel(authorsFile("https://nowhere.invalid/tiny.pth"));
const { signal } = new AbortController();
const kept = hashBytes(tinySafetensors);

/** Weights that ship with the package. */
const shipped = modelRegistry
  .map((each) => bundledFile(each, "weights")?.path)
  .filter((path) => path !== undefined);

/** Writes a file and imports it. */
async function importBytes(folder: string, name: string, bytes: Uint8Array, model = entry) {
  const from = temporaryFolder();
  writeTree(from, { [name]: bytes });
  return await importFile(folder, model, join(from, name), signal);
}

describe("importFile", () => {
  it("takes the authors' .pth and knows it for what it is", async () => {
    const folder = temporaryFolder();
    const file = await importBytes(folder, "tiny.pth", tinyPth);
    expect(file).toMatchObject({ sha256: kept, origin: { sha256: hashBytes(tinyPth), isPublished: true } });
    expect(hashTree(folder, /^index/)).toEqual({ [`files/${kept}.safetensors`]: kept });
  });

  it("takes safetensors of the user's own, byte for byte, whatever else is in them", async () => {
    const folder = temporaryFolder();
    const more = writeSafetensors(
      new Map([
        ...randomTensors(tinyConfig),
        ["pixel_mean", { dtype: "float32", shape: [3], data: new Float32Array(3) }],
      ]),
    );
    const file = await importBytes(folder, "mine.safetensors", more);
    expect(file).toMatchObject({ sha256: hashBytes(more), origin: { isPublished: false } });
    expect(hashTree(folder, /^index/)).toEqual({ [`files/${hashBytes(more)}.safetensors`]: hashBytes(more) });
  });

  it("leaves out what is not the network's when it has to write a file anew", async () => {
    const { sha256 } = await importBytes(temporaryFolder(), "x.pt", tinyPth);
    expect(sha256).toBe(kept);
  });

  it.each([
    ["deflated", 8],
    ["stored", 0],
  ])("unpacks weights %s in a zip archive", async (_, method) => {
    const bytes = method === 8 ? deflateRawSync(tinyPth) : tinyPth;
    const archive = zip([
      { name: "__MACOSX/._tiny.pt", bytes: Uint8Array.of(1) },
      { name: "weights/tiny.pt", bytes: new Uint8Array(bytes), lie: { method } },
      { name: "readme.txt", bytes: Uint8Array.of(2) },
    ]);
    const folder = temporaryFolder();
    expect((await importBytes(folder, "tiny.pt.zip", archive)).sha256).toBe(kept);
    expect(hashTree(folder, /^(index|files)/)).toEqual({});
  });

  it("refuses an archive of none, of several, or of a bomb", async () => {
    const member = (name: string) => ({ name, bytes: Uint8Array.of(1) });
    const none = importBytes(temporaryFolder(), "x.zip", zip([member("a.txt")]));
    await expect(none).rejects.toThrow(
      "expected an archive with one .pt, .pth or .safetensors file, got 0 of them",
    );
    const two = importBytes(temporaryFolder(), "x.zip", zip([member("a.pt"), member("b.pth")]));
    await expect(two).rejects.toThrow("got 2 of them");
    const bomb = new Uint8Array(deflateRawSync(new Uint8Array(1e6)));
    const folder = temporaryFolder();
    const large = importBytes(folder, "x.zip", zip([{ name: "a.pt", bytes: bomb, lie: { method: 8 } }]));
    await expect(large).rejects.toThrow(`a.pt: expected at most ${8 * bomb.length} bytes, got more`);
    const broken = importBytes(
      folder,
      "x.zip",
      zip([{ name: "a.pt", bytes: Uint8Array.of(255, 255, 255), lie: { method: 8 } }]),
    );
    await expect(broken).rejects.toMatchObject({ code: "BAD_FORMAT" });
    expect(hashTree(folder)).toEqual({});
  });

  it("takes a vocabulary for a model that has one", async () => {
    const folder = temporaryFolder();
    const words = new Uint8Array(gzipSync("a b"));
    const clip = findModel("clip-vit-b-16");
    const file = await importBytes(folder, "words.txt.gz", words, clip);
    expect(file).toMatchObject({ role: "vocabulary", sha256: hashBytes(words) });
    expect(locateModel("clip-vit-b-16", "vocabulary", folder).path).toBe(
      join(folder, `files/${hashBytes(words)}.txt.gz`),
    );
    await expect(importBytes(folder, "x.txt.gz", Uint8Array.of(1, 2), clip)).rejects.toThrow(
      "expected a vocabulary in a .gz file, got other bytes",
    );
  });

  it.each([
    ["a missing file", "NOT_FOUND", null, "got nothing there"],
    ["an empty file", "BAD_FORMAT", new Uint8Array(0), "got an empty file"],
    ["another file", "BAD_FORMAT", Uint8Array.of(1, 2, 3), "expected a safetensors, .pth or .pt file"],
    ["a part of one", "BAD_FORMAT", tinyPth.subarray(0, 5000), "the file may be incomplete"],
  ])("refuses %s and keeps nothing", async (_, code, bytes, text) => {
    const [folder, from] = [temporaryFolder(), temporaryFolder()];
    if (bytes !== null) writeTree(from, { "x.pth": bytes });
    const error = await importFile(folder, entry, join(from, "x.pth"), signal).catch((reason) => reason);
    expect(error.code).toBe(code);
    expect(`${error.message} ${error.hint}`).toContain(text);
    expect(hashTree(folder)).toEqual({});
  });

  it("refuses a tensor of another shape", async () => {
    const name = "mask_decoder.iou_token.weight";
    const other = new Map(randomTensors(tinyConfig));
    other.set(name, { dtype: "float32", shape: [1, 2], data: new Float32Array(2) });
    await expect(
      importBytes(temporaryFolder(), "x.safetensors", writeSafetensors(other)),
    ).rejects.toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringContaining(`expected "${name}" [1, 16], got [1, 2]`),
    });
  });

  it("deletes the file that it replaces, and only that", async () => {
    const folder = temporaryFolder();
    const twin = { ...entry, name: "twin" };
    await importBytes(folder, "tiny.pth", tinyPth);
    await importBytes(folder, "tiny.pth", tinyPth, twin);
    const mine = writeSafetensors(randomTensors(tinyConfig), { who: "me" });
    await importBytes(folder, "mine.safetensors", mine);
    expect(Object.keys(hashTree(folder, /^index/)).sort()).toEqual(
      [`files/${kept}.safetensors`, `files/${hashBytes(mine)}.safetensors`].sort(),
    );
    await importBytes(folder, "mine.safetensors", mine, twin);
    expect(Object.keys(hashTree(folder, /^index/))).toEqual([`files/${hashBytes(mine)}.safetensors`]);
  });
});

describe("locateModel", () => {
  it("says how to get what is not here", () => {
    const folder = temporaryFolder();
    const missing = `model sam-vit-b: expected its weights in ${folder}, got none`;
    const hint =
      "maskwright models pull sam-vit-b, or with the file at hand: maskwright models import sam-vit-b FILE";
    expect(() => locateModel("sam-vit-b", "weights", folder)).toThrow(
      new MaskwrightError("NOT_FOUND", missing, { hint }),
    );
    expect(() => locateModel("nothing", "weights", folder)).toThrow("models: expected one of sam-vit-b");
    expect(() => locateFiles(folder, "sam-vit-b")).toThrow("got none");
    // Those that ship with the package are here without anything done.
    expect(locateFiles(folder).map(({ path }) => path)).toEqual(shipped);
    expect(locateModel("toy-clip", "weights", folder).path).toBe(shipped.at(-1));
  });

  it("says that a file is gone or cut off", async () => {
    const folder = temporaryFolder();
    const file = await importBytes(folder, "tiny.pth", tinyPth);
    writeStoredFile(folder, { ...file, model: "sam-vit-b" });
    const { path } = locateModel("sam-vit-b", "weights", folder);
    writeFileSync(path, "");
    expect(() => locateModel("sam-vit-b", "weights", folder)).toThrow("bytes, got another size");
    removeModel(folder, entry);
    expect(existsSync(path)).toBe(true);
  });
});

describe("listModels, verifyFile and removeModel", () => {
  it("tell what is here, whether it is undamaged, and delete it", async () => {
    const folder = temporaryFolder();
    expect(listModels(folder, [entry])).toEqual([{ entry, files: [], damaged: [], isPresent: false }]);
    const file = await importBytes(folder, "tiny.pth", tinyPth);
    const path = join(folder, `files/${kept}.safetensors`);
    expect(listModels(folder, [entry])).toEqual([
      { entry, files: [{ ...file, path }], damaged: [], isPresent: true },
    ]);
    expect(await verifyFile({ ...file, path })).toEqual({ ...file, path, fault: null });

    const damaged = tinySafetensors.with(-1, 7);
    writeFileSync(path, damaged);
    expect((await verifyFile({ ...file, path })).fault).toBe(
      `expected sha256 ${kept}, got ${hashBytes(damaged)}`,
    );
    expect(removeModel(folder, entry)).toBe(true);
    expect(hashTree(folder)).toEqual({});
    expect(removeModel(folder, entry)).toBe(false);
    expect((await verifyFile({ ...file, path })).fault).toBe("the file is gone");
  });

  it.each([
    ["another file", '{"format":1,"sha256":"../../../etc/passwd"}'],
    ["garbage", "\u0000garbage"],
    ["nothing", ""],
  ])("show a note that became %s, and remove it", async (_, text) => {
    const folder = temporaryFolder();
    writeTree(folder, { "index/tiny-sam.weights.json": text });
    const note = {
      model: "tiny-sam",
      role: "weights",
      path: join(folder, "index/tiny-sam.weights.json"),
    } as const;
    const status = { entry, files: [], damaged: [note], isPresent: false };
    expect(readStoredFile(folder, "tiny-sam", "weights")).toBeNull();
    expect(listModels(folder, [entry])).toEqual([status]);
    expect(formatModels([status])).toMatch(/^tiny-sam .* damaged$/m);
    expect(await verifyFile(note)).toEqual({ ...note, fault: `its note is damaged: ${note.path}` });
    expect(removeModel(folder, entry)).toBe(true);
    expect(hashTree(folder)).toEqual({});
  });

  it("know a note of another model's file for a damaged one", async () => {
    const folder = temporaryFolder();
    const file = await importBytes(folder, "tiny.pth", tinyPth);
    writeTree(folder, {
      "index/sam-vit-b.weights.json": readFileSync(join(folder, "index/tiny-sam.weights.json")),
    });
    expect(listModels(folder, [entry])[0].files).toMatchObject([file]);
    const damaged =
      "sam-vit-b.weights.json: expected a note about the weights of sam-vit-b, got something else";
    expect(() => locateModel("sam-vit-b", "weights", folder)).toThrow(damaged);
    expect(() => locateFiles(folder, "sam-vit-b")).toThrow(damaged);
    expect(locateNotes(folder, "sam-vit-b")).toMatchObject([{ model: "sam-vit-b" }]);
    expect(locateNotes(folder).length).toBe(1 + shipped.length);
    expect(locateFiles(folder).length).toBe(shipped.length);
  });

  it("write over a damaged note", async () => {
    const folder = temporaryFolder();
    writeTree(folder, { "index/tiny-sam.weights.json": "garbage", "index/other.weights.json": "garbage" });
    const file = await importBytes(folder, "tiny.pth", tinyPth);
    expect(readStoredFile(folder, "tiny-sam", "weights")).toEqual(file);
    expect(listModels(folder, [entry])[0]).toMatchObject({ damaged: [], isPresent: true });
  });
});
