import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeSafetensors } from "../../core/safetensors.ts";
import { openWeightFile } from "../../engine/node.ts";
import type { ModelEntry, ModelSource } from "../../models/registry.ts";
import { serveFiles } from "../../testing/file-server.ts";
import {
  authorsFile,
  hashBytes,
  sha256Of,
  tinyModel,
  tinyPth,
  tinySafetensors,
} from "../../testing/tiny-model.ts";
import { hashTree, temporaryFolder, writeTree } from "../../testing/tree.ts";
import { hubSettings } from "./hub.ts";
import { type PulledFile, type PullOptions, pullModel } from "./pull.ts";
import { storedPath } from "./stored-file.ts";

const kept = hashBytes(tinySafetensors);

interface Pulled {
  readonly files: PulledFile[];
  readonly warnings: string[];
}

async function pull(folder: string, entry: ModelEntry, options: Partial<PullOptions> = {}): Promise<Pulled> {
  const warnings: string[] = [];
  const files = await pullModel(folder, entry, {
    settings: hubSettings({}),
    signal: new AbortController().signal,
    progress: { begin() {}, advance() {}, warn: (message) => warnings.push(message), end() {} },
    wait: async () => {},
    ...options,
  });
  return { files, warnings };
}

describe("pullModel", () => {
  it("keeps the authors' .pth as safetensors, by digest, and nothing else", async () => {
    const folder = temporaryFolder();
    const { origin, requests } = await serveFiles({ "/tiny.pth": { bytes: tinyPth } });
    const entry = tinyModel(authorsFile(`${origin}/tiny.pth`));
    const { files, warnings } = await pull(folder, entry);
    const file = {
      model: "tiny-sam",
      role: "weights",
      sha256: kept,
      bytes: tinySafetensors.length,
      origin: { from: `${origin}/tiny.pth`, sha256: hashBytes(tinyPth), isPublished: true },
    };
    expect(files).toEqual([{ file, isNew: true }]);
    expect(warnings).toEqual([]);
    expect(hashTree(folder, /^index/)).toEqual({ [`files/${kept}.safetensors`]: kept });
    const note = JSON.parse(readFileSync(join(folder, "index/tiny-sam.weights.json"), "utf8"));
    expect(note).toEqual({ format: 1, ...file });

    expect(await pull(folder, entry)).toEqual({ files: [{ file, isNew: false }], warnings: [] });
    expect(requests.length).toBe(1);
  });

  it("keeps a hub's safetensors byte for byte, says that no digest is published, and expects it again", async () => {
    const folder = temporaryFolder();
    const path = "/o/tiny/resolve/main/model.safetensors";
    const served = { [path]: { bytes: tinySafetensors } };
    const { origin } = await serveFiles(served);
    const settings = hubSettings({ HF_ENDPOINT: origin });
    const hub: ModelSource = {
      kind: "hub",
      repository: "o/tiny",
      revision: "main",
      path: "model.safetensors",
      bytes: null,
      digest: null,
    };
    const entry = tinyModel(authorsFile("https://nowhere.invalid/x.pth"), hub);
    const { files, warnings } = await pull(folder, entry, { settings, source: "hub" });
    expect(files[0].file).toMatchObject({
      sha256: kept,
      origin: { from: origin + path, sha256: kept, isPublished: false },
    });
    expect(warnings).toEqual([
      `${origin}${path}: no digest of it is published; recorded sha256 ${kept} to check it by`,
    ]);

    // The stored file is lost and the one at the hub has changed.
    writeFileSync(storedPath(folder, files[0].file), "");
    served[path] = { bytes: tinySafetensors.with(-1, 7) };
    await expect(pull(folder, entry, { settings, source: "hub" })).rejects.toThrow(
      `expected sha256 ${kept} (recorded when it was first fetched), got `,
    );
  });

  it("fetches again what is damaged here", async () => {
    const folder = temporaryFolder();
    const { origin } = await serveFiles({ "/tiny.pth": { bytes: tinyPth } });
    const entry = tinyModel(authorsFile(`${origin}/tiny.pth`));
    const [{ file }] = (await pull(folder, entry)).files;
    const path = storedPath(folder, file);
    writeFileSync(path, tinySafetensors.with(-1, 7));
    expect((await pull(folder, entry)).files).toEqual([{ file, isNew: true }]);
    expect(readFileSync(path).equals(tinySafetensors)).toBe(true);
  });

  it("fetches again what a damaged note says nothing of", async () => {
    const folder = temporaryFolder();
    const { origin } = await serveFiles({ "/tiny.pth": { bytes: tinyPth } });
    const entry = tinyModel(authorsFile(`${origin}/tiny.pth`));
    const [{ file }] = (await pull(folder, entry)).files;
    writeFileSync(join(folder, "index/tiny-sam.weights.json"), "garbage");
    expect((await pull(folder, entry)).files).toEqual([{ file, isNew: true }]);
    expect((await pull(folder, entry)).files).toEqual([{ file, isNew: false }]);
  });

  it("refuses the weights of another model, and does not keep them", async () => {
    const folder = temporaryFolder();
    const other = writeSafetensors(
      new Map([["x", { dtype: "float32", shape: [1], data: new Float32Array(1) }]]),
    );
    const { origin } = await serveFiles({ "/x.pth": { bytes: other } });
    await expect(pull(folder, tinyModel(authorsFile(`${origin}/x.pth`, null)))).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(/^http:.*\/x\.pth: expected "image_encoder\.pos_embed" /),
    });
    expect(hashTree(folder)).toEqual({});
  });

  it("connects to nothing when it is told so", async () => {
    const { origin, requests } = await serveFiles({ "/tiny.pth": { bytes: tinyPth } });
    const settings = hubSettings({ HF_HUB_OFFLINE: "1" });
    const entry = tinyModel(authorsFile(`${origin}/tiny.pth`));
    await expect(pull(temporaryFolder(), entry, { settings })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "tiny-sam: expected permission to use the network, got HF_HUB_OFFLINE",
      hint: expect.stringContaining("maskwright models pull tiny-sam --from DIR"),
    });
    expect(requests).toEqual([]);
  });

  it("says which sources there are", async () => {
    const entry = tinyModel(authorsFile("https://nowhere.invalid/x.pth"));
    await expect(pull(temporaryFolder(), entry, { source: "hub" })).rejects.toThrow(
      'tiny-sam: --source: expected one of authors, got "hub"',
    );
  });

  it("has nothing to convert twice after it was stopped while converting", async () => {
    const folder = temporaryFolder();
    const { origin, requests } = await serveFiles({ "/tiny.pth": { bytes: tinyPth } });
    const entry = tinyModel(authorsFile(`${origin}/tiny.pth`));
    const abort = new AbortController();
    const progress = { begin() {}, advance() {}, warn() {}, end: () => abort.abort() };
    await expect(pull(folder, entry, { signal: abort.signal, progress })).rejects.toMatchObject({
      code: "ABORTED",
    });
    expect(readdirSync(join(folder, "downloads"))).toEqual([`${hashBytes(tinyPth)}.part`]);
    await pull(folder, entry);
    expect(requests.length).toBe(1);
  });
});

describe("pullModel, from a folder", () => {
  const url = "https://nowhere.invalid/weights/tiny.pth";
  const hub: ModelSource = {
    kind: "hub",
    repository: "o/tiny",
    revision: "main",
    path: "model.safetensors",
    bytes: tinySafetensors.length,
    digest: sha256Of(tinySafetensors),
  };
  const entry = tinyModel(authorsFile(url), hub);
  const cache = "models--o--tiny";

  it.each([
    ["the authors' name", { "tiny.pth": tinyPth }, "tiny.pth"],
    ["the hub's name", { "o/tiny/model.safetensors": tinySafetensors }, "o/tiny/model.safetensors"],
    [
      "Hugging Face's cache",
      {
        [`${cache}/refs/main`]: "abc123\n",
        [`${cache}/snapshots/abc123/model.safetensors`]: tinySafetensors,
      },
      `${cache}/snapshots/abc123/model.safetensors`,
    ],
  ])("finds a file by %s and leaves it there", async (_, files, name) => {
    const [folder, from] = [temporaryFolder(), temporaryFolder()];
    writeTree(from, files);
    const before = hashTree(from);
    const { files: pulled } = await pull(folder, entry, {
      from,
      settings: hubSettings({ HF_HUB_OFFLINE: "1" }),
    });
    expect(pulled[0]).toMatchObject({
      file: { sha256: kept, origin: { from: join(from, name), isPublished: true } },
      isNew: true,
    });
    expect(hashTree(from)).toEqual(before);
    expect(hashTree(folder, /^index/)).toEqual({ [`files/${kept}.safetensors`]: kept });
  });

  it("says what it looked for", async () => {
    const from = temporaryFolder();
    await expect(pull(temporaryFolder(), entry, { from })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: `${from}: expected the weights of tiny-sam, got none of tiny.pth, o/tiny/model.safetensors, ${cache}/snapshots/main/model.safetensors`,
      hint: "For a file of another name: maskwright models import tiny-sam FILE",
    });
  });

  it("refuses a file that is not the published one", async () => {
    const from = temporaryFolder();
    writeTree(from, { "tiny.pth": tinyPth.with(-1, 7) });
    await expect(pull(temporaryFolder(), entry, { from })).rejects.toMatchObject({
      code: "BAD_FORMAT",
      message: expect.stringContaining(`expected sha256 ${hashBytes(tinyPth)} (this test), got `),
    });
  });

  it("does not leave the folder, whatever a registry or a cache says", async () => {
    const from = temporaryFolder();
    const outside = temporaryFolder();
    writeTree(outside, { "model.safetensors": tinySafetensors });
    const leading = tinyModel({ ...hub, path: "../../../x" } as ModelSource);
    await expect(pull(temporaryFolder(), leading, { from })).rejects.toThrow('a path with ".."');
    mkdirSync(join(from, "o"));
    symlinkSync(outside, join(from, "o/tiny"));
    await expect(pull(temporaryFolder(), tinyModel(hub), { from })).rejects.toThrow("a link to");
    const cached = temporaryFolder();
    writeTree(cached, { [`${cache}/refs/main`]: "../../../.." });
    await expect(pull(temporaryFolder(), tinyModel(hub), { from: cached })).rejects.toThrow(
      'a path with ".."',
    );
  });

  it("keeps weights that can be mapped where they lie", async () => {
    const [folder, from] = [temporaryFolder(), temporaryFolder()];
    writeTree(from, { "tiny.pth": tinyPth });
    const [{ file }] = (await pull(folder, entry, { from })).files;
    const weights = openWeightFile(storedPath(folder, file));
    for (const { range } of weights.tensors.values()) expect(range).not.toBeNull();
    weights.close();
  });
});
