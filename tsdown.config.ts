import { defineConfig, type UserConfig } from "tsdown";

const shared: UserConfig = {
  format: "esm",
  platform: "node",
  target: "node20.19",
  fixedExtension: false,
  outputOptions: { chunkFileNames: "chunks/[name]-[hash].js" },
  logLevel: "warn",
};

export default defineConfig([
  // The library's public modules, with types.
  {
    ...shared,
    entry: {
      index: "src/index.ts",
      "core/index": "src/core/index.ts",
      "data/index": "src/data/index.ts",
      "engine/index": "src/engine/index.ts",
      "engine/node": "src/engine/node.ts",
      "engine/web": "src/engine/runtime-web.ts",
      "methods/index": "src/methods/index.ts",
      "models/index": "src/models/index.ts",
      "scenes/index": "src/scenes/index.ts",
    },
    dts: { oxc: true },
  },
  // The program: the command line and the entries of worker threads.
  {
    ...shared,
    entry: {
      "cli/main": "src/cli/main.ts",
      "run/worker": "src/run/worker.ts",
      "engine/engine-worker": "src/engine/engine-worker.ts",
    },
    dts: false,
    clean: false,
  },
]);
