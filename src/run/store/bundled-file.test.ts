import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type BundledFile, bundled, type ModelEntry } from "../../models/registry.ts";
import { tinyConfig } from "../../models/sam/testing/tiny-sam.ts";
import { authorsFile, hashBytes, tinyModel, tinyPth } from "../../testing/tiny-model.ts";
import { hashTree, temporaryFolder, writeTree } from "../../testing/tree.ts";
import { bundledFile, isBundled } from "./bundled-file.ts";
import { importFile } from "./import-file.ts";
import { formatModels } from "./model-table.ts";
import { pullModel } from "./pull.ts";
import { listModels, removeModel, verifyFile } from "./stored-models.ts";

const root = resolve(import.meta.dirname, "../../..");
const license = readFileSync(join(root, "LICENSE"));

/** A tiny SAM that would ship with the package; any file of it serves as the weights. */
const shipped = bundled(
  "tiny-sam",
  { title: "Tiny SAM", project: "docs/models.md", network: { kind: "sam", config: tinyConfig } },
  { bytes: license.length, sha256: hashBytes(license) },
);
const [file] = shipped.files;
const entry: ModelEntry = {
  ...shipped,
  files: [{ ...file, bundled: { ...(file.bundled as BundledFile), path: "LICENSE" } }],
};
const here = { model: "tiny-sam", role: "weights", path: join(root, "LICENSE"), bytes: license.length };

describe("a bundled model", () => {
  it("lies in the folder weights of the package", () => {
    expect(bundledFile(shipped, "weights")?.path).toBe(join(root, "weights/tiny-sam.safetensors"));
    expect(bundledFile(shipped, "vocabulary")).toBeNull();
    expect(bundledFile(tinyModel(authorsFile("https://nowhere.invalid/a.pth")), "weights")).toBeNull();
    expect([isBundled(shipped), isBundled(tinyModel())]).toEqual([true, false]);
  });

  it("is always here and can be checked; nothing is fetched or removed", async () => {
    const folder = temporaryFolder();
    const [status] = listModels(folder, [entry]);
    expect(status).toMatchObject({ files: [here], damaged: [], isPresent: true });
    expect(formatModels([status])).toMatch(/^tiny-sam +- +Apache-2\.0 +ships with the package$/m);
    expect(await verifyFile(status.files[0])).toMatchObject({ fault: null });
    const pulled = await pullModel(folder, entry, {} as Parameters<typeof pullModel>[2]);
    expect(pulled).toEqual([]);
    expect(removeModel(folder, entry)).toBe(false);
    expect(hashTree(folder)).toEqual({});
  });

  it("is not here when the package is damaged", async () => {
    const [status] = listModels(temporaryFolder(), [shipped]);
    expect(status.isPresent).toBe(false);
    expect(await verifyFile(status.files[0])).toMatchObject({ fault: "the file is gone" });
  });

  it("gives way to weights of the user's own, and comes back", async () => {
    const [folder, from] = [temporaryFolder(), temporaryFolder()];
    writeTree(from, { "mine.pth": tinyPth });
    await importFile(folder, entry, join(from, "mine.pth"), new AbortController().signal);
    const [status] = listModels(folder, [entry]);
    expect(status.files[0].path).toMatch(/files.[0-9a-f]{64}\.safetensors$/);
    expect(formatModels([status])).toMatch(/^tiny-sam .* here$/m);
    expect(removeModel(folder, entry)).toBe(true);
    expect(listModels(folder, [entry])).toMatchObject([{ files: [here] }]);
    writeTree(folder, { "index/tiny-sam.weights.json": "garbage" });
    expect(listModels(folder, [entry])).toMatchObject([{ files: [], damaged: [{ model: "tiny-sam" }] }]);
  });
});
