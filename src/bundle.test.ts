import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

/** The folders that run anywhere, and the packages they may bring along. */
const portable: readonly (readonly [folder: string, packages: readonly string[]])[] = [
  ["core", []],
  ["scenes", []],
  ["engine", ["@bufbuild/protobuf", "onnx-buf"]],
  ["models", ["@bufbuild/protobuf", "onnx-buf"]],
  ["methods", ["@bufbuild/protobuf", "onnx-buf"]],
];

/** What every browser has beyond the language, as far as it is used. */
const browser = { TextDecoder, TextEncoder };

async function bundled(folder: string, packages: readonly string[] = []): Promise<string> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(import.meta.dirname, folder, "index.ts")],
    bundle: true,
    platform: "browser",
    format: "iife",
    globalName: "library",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const files = Object.keys(metafile.inputs).filter((path) => path.includes("node_modules/"));
  expect(files.filter((path) => !packages.some((name) => path.includes(`node_modules/${name}/`)))).toEqual(
    [],
  );
  return outputFiles[0].text;
}

describe("in a browser", () => {
  it.each(portable)("%s bundles with nothing of Node's and starts", async (folder, packages) => {
    const context = createContext({ ...browser });
    runInContext(await bundled(folder, packages), context);
    expect(runInContext("Object.keys(library).length", context)).toBeGreaterThan(0);
  });

  it("engine/web bundles with nothing of Node's", async () => {
    const entryPoints = [join(import.meta.dirname, "engine/runtime-web.ts")];
    const options = { bundle: true, write: false, platform: "browser", format: "esm" } as const;
    const { outputFiles } = await build({ ...options, entryPoints, external: ["onnxruntime-web"] });
    expect(outputFiles[0].text).toContain('import("onnxruntime-web/wasm")');
    expect(outputFiles[0].text).not.toMatch(/["'](?:onnxruntime-node|node:)/);
  });

  it("draws a scene, proposes regions and merges them", async () => {
    const context = createContext({ ...browser });
    for (const [folder, packages] of portable) {
      runInContext(await bundled(folder, packages), context);
      runInContext(`globalThis.${folder} = library`, context);
    }
    const taken = runInContext(
      `const scene = scenes.drawScene(1, { size: { height: 32, width: 48 } });
       const rles = methods.proposeRegions(scene.image).map(({ rle }) => rle);
       const { labels, takenBy } = methods.mergeProposals(scenes.roughLabels(scene, 1), rles);
       [labels.data.length, takenBy.length === rles.length, core.scores(core.confusion(labels, scene.labels, 21)).miou > 0]`,
      context,
    );
    expect([...taken]).toEqual([32 * 48, true, true]);
  });
});
