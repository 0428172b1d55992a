import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { elementCount, type NdArray } from "../core/array.ts";
import { writeSafetensors } from "../core/safetensors.ts";
import { modelRegistry } from "../models/registry.ts";
import { samConfigs } from "../models/sam/config.ts";
import { samTensors } from "../models/sam/tensor-table.ts";
import { isBundled } from "../run/store/bundled-file.ts";
import { linesOf, maskwright, startMaskwright } from "../testing/command.ts";
import { serveFiles } from "../testing/file-server.ts";
import { hashBytes } from "../testing/tiny-model.ts";
import { hashTree, temporaryFolder, writeTree } from "../testing/tree.ts";

let home = "";
const models = (): string => join(home, "models");
const weightsPath = "/facebook/sam-vit-base/resolve/main/model.safetensors";

beforeEach(() => {
  home = temporaryFolder();
  vi.stubEnv("MASKWRIGHT_HOME", home);
  for (const name of ["HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE", "MASKWRIGHT_MODELS"])
    vi.stubEnv(name, undefined);
});

/** What `models verify` says of the models that ship with the package. */
const shipped = modelRegistry
  .filter((entry) => isBundled(entry))
  .map(({ name }) => `${name} weights: undamaged\n`)
  .join("");

/** Weights of MobileSAM's shapes, all zeros. */
function emptyWeights(): Uint8Array {
  const tensors = new Map<string, NdArray>();
  for (const [name, shape] of samTensors(samConfigs["mobile-sam"]))
    tensors.set(name, { dtype: "float32", shape, data: new Float32Array(elementCount(shape)) });
  return writeSafetensors(tensors);
}

describe("models list", () => {
  it("prints a line for each model, and where they are kept", async () => {
    const { code, stdout } = await maskwright(home, "models", "list");
    expect(code).toBe(0);
    const lines = linesOf(stdout);
    expect(lines[0]).toMatch(/^model +download +license +here$/);
    expect(lines[1]).toMatch(/^sam-vit-b +375 MB +Apache-2\.0 +-$/);
    expect(lines.slice(1, -2).map((line) => line.split(" ")[0])).toEqual(
      modelRegistry.map(({ name }) => name),
    );
    expect(lines.at(-1)).toBe(`in ${models()}`);
  });

  it("prints sources and digests with --json", async () => {
    const { stdout } = await maskwright(home, "models", "list", "--json");
    const { folder, models: listed } = JSON.parse(stdout);
    expect(folder).toBe(models());
    expect(listed.length).toBe(modelRegistry.length);
    expect(listed[0]).toMatchObject({ name: "sam-vit-b", license: "Apache-2.0", present: false, files: [] });
    expect(listed[0].published).toEqual(modelRegistry[0].files);
  });
});

describe("models import", () => {
  it("takes weights, which can then be listed, found, checked and removed", async () => {
    const weights = emptyWeights();
    writeTree(home, { "mine.safetensors": weights });
    const sha256 = hashBytes(weights);
    const imported = await maskwright(home, "models", "import", "mobile-sam", "mine.safetensors");
    expect(imported).toMatchObject({
      code: 0,
      stdout: `mobile-sam: weights imported, not a published file (sha256 ${sha256})\n`,
    });
    expect((await maskwright(home, "models", "list")).stdout).toMatch(/^mobile-sam .* here$/m);
    const path = join(models(), `files/${sha256}.safetensors`);
    expect((await maskwright(home, "models", "where", "mobile-sam")).stdout).toBe(`${path}\n`);
    expect(await maskwright(home, "models", "verify")).toMatchObject({
      code: 0,
      stdout: `mobile-sam weights: undamaged\n${shipped}`,
    });

    weights[weights.length - 1] = 1;
    writeFileSync(path, weights);
    expect(await maskwright(home, "models", "verify", "mobile-sam")).toMatchObject({
      code: 1,
      stdout: `mobile-sam weights: expected sha256 ${sha256}, got ${hashBytes(weights)}\n`,
      stderr: "hint: maskwright models pull mobile-sam\n",
    });
    const { code, stdout } = await maskwright(home, "models", "verify", "--json");
    expect([code, JSON.parse(stdout).files[0].fault]).toEqual([
      1,
      expect.stringContaining("expected sha256"),
    ]);

    expect((await maskwright(home, "models", "remove", "mobile-sam")).stdout).toBe("mobile-sam: removed\n");
    expect(hashTree(models())).toEqual({});
    expect((await maskwright(home, "models", "remove", "mobile-sam")).stdout).toBe(
      "mobile-sam: was not here\n",
    );
  });

  it("mends a damaged note, which troubles no other model until then", async () => {
    const note = join(models(), "index/sam-vit-b.weights.json");
    writeTree(models(), { "index/sam-vit-b.weights.json": "garbage", "index/mobile-sam.weights.json": "" });
    writeTree(home, { "mine.safetensors": emptyWeights() });
    const imported = await maskwright(home, "models", "import", "mobile-sam", "mine.safetensors");
    expect(imported.code).toBe(0);
    const { stdout } = await maskwright(home, "models", "list");
    expect(stdout).toMatch(/^sam-vit-b .* damaged$/m);
    expect(stdout).toMatch(/^mobile-sam .* here$/m);
    expect(await maskwright(home, "models", "verify")).toMatchObject({
      code: 1,
      stdout: `sam-vit-b weights: its note is damaged: ${note}\nmobile-sam weights: undamaged\n${shipped}`,
      stderr: "hint: maskwright models pull sam-vit-b\n",
    });
    expect((await maskwright(home, "models", "verify", "mobile-sam")).code).toBe(0);
    const path = (await maskwright(home, "models", "where", "mobile-sam")).stdout;
    expect(linesOf(path)).toEqual([expect.stringMatching(/\.safetensors$/)]);
    expect((await maskwright(home, "models", "where", "sam-vit-b")).code).toBe(2);
  });

  it.each([
    ["sam-vit-b", "x.pth", "error: x.pth: expected a safetensors, .pth or .pt file, got bytes 01 02 03"],
    ["sam-vit-b", "none.pth", "error: none.pth: expected a file, got nothing there"],
    ["sam", "x.pth", /^error: models: expected one of sam-vit-b, .* got "sam"$/],
  ])("refuses for %s the file %s", async (name, file, message) => {
    writeTree(home, { "x.pth": Uint8Array.of(1, 2, 3) });
    const { code, stdout, stderr } = await maskwright(home, "models", "import", name, file);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(linesOf(stderr)[0]).toMatch(message);
  });
});

describe("models pull", () => {
  it("stops at Ctrl-C, keeps what it has, and goes on from there", async () => {
    const bytes = new Uint8Array(1e6);
    let goOn = (): void => {};
    const until = new Promise<void>((done) => {
      goOn = done;
    });
    const headers = { "x-linked-etag": `"${hashBytes(bytes)}"` };
    const server = await serveFiles({ [weightsPath]: { bytes, first: 600_000, until, headers } });
    vi.stubEnv("HF_ENDPOINT", server.origin);
    vi.stubEnv("HF_TOKEN", "secret");
    const args = ["models", "pull", "sam-vit-b", "--source", "hub", "--json"];
    const running = startMaskwright(home, ...args);
    const downloads = join(models(), "downloads");
    await vi.waitFor(
      () => expect(Object.values(hashTree(downloads))).toEqual([hashBytes(bytes.subarray(0, 600_000))]),
      60_000,
    );
    running.child.kill("SIGINT");
    const { code, stdout, stderr } = await running.result;
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    const events = linesOf(stderr).map((line) => JSON.parse(line));
    expect(events[0]).toEqual({ event: "begin", stage: "sam-vit-b" });
    expect(events.at(-1)).toEqual({
      event: "error",
      code: "ABORTED",
      message: `${server.origin}${weightsPath}: stopped after 600 kB`,
      hint: "Run the same command again to go on from here.",
    });
    expect(readdirSync(downloads)).toEqual([`${hashBytes(bytes)}.part`]);

    goOn();
    const again = await maskwright(home, ...args);
    expect(server.requests.at(-1)?.headers).toMatchObject({
      range: "bytes=600000-",
      authorization: "Bearer secret",
    });
    // A million zeros are no weights.
    expect(again.code).toBe(2);
    expect(JSON.parse(linesOf(again.stderr).at(-1) ?? "")).toMatchObject({ code: "BAD_FORMAT" });
    expect(hashTree(models())).toEqual({});
  });

  it("refuses a file that is not the published one", async () => {
    const bytes = new Uint8Array(40_728_226);
    const { origin } = await serveFiles({
      "/dhkim2810/MobileSAM/resolve/main/mobile_sam.pt": { bytes },
    });
    vi.stubEnv("HF_ENDPOINT", origin);
    const { code, stdout, stderr } = await maskwright(
      home,
      "models",
      "pull",
      "mobile-sam",
      "--source",
      "hub",
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/mobile_sam\.pt: expected sha256 6dbb9052\w+ \(https:\S+\), got /);
    expect(hashTree(models())).toEqual({});
  });

  it("says that there is no such file", async () => {
    const { origin } = await serveFiles({});
    vi.stubEnv("HF_ENDPOINT", origin);
    const { code, stderr } = await maskwright(home, "models", "pull", "sam-vit-b", "--source", "hub");
    expect(code).toBe(2);
    expect(linesOf(stderr)).toEqual([
      `error: ${origin}${weightsPath}: expected the file, got 404 Not Found`,
      "hint: It is no longer there. Get the file elsewhere, then: maskwright models import NAME FILE",
    ]);
  });

  it("connects to nothing when it is told so", async () => {
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    const { code, stderr } = await maskwright(home, "models", "pull", "sam-vit-b");
    expect(code).toBe(2);
    expect(linesOf(stderr)).toEqual([
      "error: sam-vit-b: expected permission to use the network, got HF_HUB_OFFLINE",
      "hint: Unset it, or take the file from a folder: maskwright models pull sam-vit-b --from DIR",
    ]);
  });

  it.each([["--from", "weights"], []])(
    "looks in a folder instead, by option or variable",
    async (...args) => {
      if (args.length === 0) vi.stubEnv("MASKWRIGHT_MODELS", "weights");
      writeTree(home, { "weights/sam_vit_b_01ec64.pth": Uint8Array.of(1) });
      const { code, stderr } = await maskwright(home, "models", "pull", "sam-vit-b", ...args);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^error: weights\/sam_vit_b_01ec64\.pth: expected sha256 ec2df627\w+ /);
    },
  );

  it("knows all names before it begins", async () => {
    const { code, stderr } = await maskwright(home, "models", "pull", "sam-vit-b", "nothing");
    expect(code).toBe(2);
    expect(stderr).toContain('got "nothing"');
  });
});

describe("models that ship with the package", () => {
  it.each(["sam-tiny", "toy-clip"])("are here before anything is fetched, and stay: %s", async (name) => {
    const { stdout: list } = await maskwright(home, "models", "list");
    expect(list).toMatch(new RegExp(`^${name} +- +Apache-2\\.0 +ships with the package$`, "m"));
    const { stdout: path } = await maskwright(home, "models", "where", name);
    expect(linesOf(path)).toEqual([resolve(import.meta.dirname, `../../weights/${name}.safetensors`)]);
    const [verified, pulled, removed] = [
      await maskwright(home, "models", "verify", name),
      await maskwright(home, "models", "pull", name),
      await maskwright(home, "models", "remove", name),
    ];
    expect(verified).toMatchObject({ code: 0, stdout: `${name} weights: undamaged\n` });
    expect(pulled).toMatchObject({ code: 0, stdout: `${name}: ships with the package, nothing to pull\n` });
    expect(removed).toMatchObject({
      code: 0,
      stdout: `${name}: ships with the package, nothing to remove\n`,
    });
    expect(existsSync(models())).toBe(false);
  });
});

describe("models where", () => {
  it("says where models are kept, and how to get one that is not there", async () => {
    expect((await maskwright(home, "models", "where")).stdout).toBe(`${models()}\n`);
    const { code, stderr } = await maskwright(home, "models", "where", "sam-vit-b");
    expect(code).toBe(2);
    expect(linesOf(stderr)).toEqual([
      `error: model sam-vit-b: expected its weights in ${models()}, got none`,
      "hint: maskwright models pull sam-vit-b, or with the file at hand: maskwright models import sam-vit-b FILE",
    ]);
  });
});

describe("models", () => {
  it("shows its help, and exits 2, when it is not told what to do", async () => {
    const { code, stderr } = await maskwright(home, "models");
    expect(code).toBe(2);
    expect(stderr).toContain("$ maskwright models pull sam-vit-b");
  });

  it.each([["pull"], ["import", "sam-vit-b"], ["pull", "sam-vit-b", "--source", "elsewhere"], ["lost"]])(
    "exits 2 for wrong words: %s",
    async (...words) => {
      const { code, stdout } = await maskwright(home, "models", ...words);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    },
  );
});
