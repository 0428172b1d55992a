import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { start } from "./testing/command.ts";
import { labelPng, temporaryFolder, writeTree } from "./testing/tree.ts";

const root = resolve(import.meta.dirname, "..");
const npm = process.platform === "win32" ? "npm.cmd" : "npm";

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

async function pack(folder: string): Promise<Packed> {
  // The program is built already; preparing it again would only take time.
  const args = ["pack", root, "--ignore-scripts", "--json", "--pack-destination", folder];
  const { stdout } = await start(npm, args, folder).result;
  return JSON.parse(stdout)[0];
}

function isThere(name: string, folder: string): boolean {
  try {
    return createRequire(join(folder, "package.json")).resolve(name) !== "";
  } catch {
    return false;
  }
}

describe("the packed tarball", () => {
  it("holds the program and its papers, no tests and no fixtures, in less than a megabyte without weights", async () => {
    const folder = temporaryFolder();
    const { filename, size, files } = await pack(folder);
    expect(statSync(join(folder, filename)).size).toBe(size);
    const weights = files.filter(({ path }) => path.startsWith("weights/"));
    expect(size - weights.reduce((sum, file) => sum + file.size, 0)).toBeLessThan(1e6);
    const paths = files.map(({ path }) => path);
    for (const needed of [
      "LICENSE",
      "README.md",
      "package.json",
      "dist/cli/main.js",
      "dist/run/worker.js",
      "recipes/tags.yaml",
      "texts/voc.json",
      "texts/coco.json",
    ])
      expect(paths).toContain(needed);
    expect(paths.filter((path) => /test|fixture|golden|bench|^src\//.test(path))).toEqual([]);
    const shipped =
      /^dist\/|^recipes\/[\w-]+\.(yaml|schema\.json)$|^texts\/\w+\.json$|^weights\/[\w-]+\.safetensors$|^[^/]+$/;
    expect(paths.filter((path) => !shipped.test(path))).toEqual([]);
  });

  it("runs evaluate when it is installed in an empty folder", async (test) => {
    const folder = temporaryFolder();
    const { filename } = await pack(folder);
    writeTree(folder, { "package.json": "{}", "pred/a.png": labelPng("01"), "truth/a.png": labelPng("00") });
    const quiet = ["--no-audit", "--no-fund", "--omit=optional", "--prefer-offline"];
    const install = await start(npm, ["install", `./${filename}`, ...quiet], folder).result;
    if (/ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|ENOTCACHED/.test(install.stderr)) {
      console.warn("SKIPPED: the package registry cannot be reached");
      return test.skip();
    }
    expect(install).toMatchObject({ code: 0 });
    const command = ["maskwright", "evaluate", "pred", "truth", "--classes", "voc", "--json"];
    const { code, stdout } = await start("npx", ["--no-install", ...command], folder).result;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ images: 1, miou: 25 });

    if (isThere("onnxruntime-node", folder)) {
      console.warn(`SKIPPED: a folder above ${folder} has onnxruntime-node`);
      return;
    }
    // Without onnxruntime-node graphs can be built and written; what runs them says how to get it.
    const script = `
      import { add, createGraph, emitModel, input } from "maskwright/engine";
      import { openNodeRuntime, openWorkerRuntime } from "maskwright/engine/node";
      const bytes = emitModel({ y: add(input(createGraph(), "x", [1]), 1) });
      const errors = await Promise.allSettled([openNodeRuntime(), openWorkerRuntime()]);
      console.log(JSON.stringify([bytes.length > 0, ...errors.map(({ reason: { code, message, hint } }) => ({ code, message, hint }))]));`;
    const answer = await start(process.execPath, ["--input-type=module", "-e", script], folder).result;
    const missing = {
      code: "MODEL",
      message: "onnxruntime-node: expected the package that runs networks, got no such package",
      hint: expect.stringMatching(
        /^npm install onnxruntime-node \(.*ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node\)$/,
      ),
    };
    expect(answer.stderr).toBe("");
    expect(JSON.parse(answer.stdout)).toEqual([true, missing, missing]);
  });
});
