import { defineConfig } from "tsdown";

/** Public modules, the command line and the worker entries; everything else becomes shared chunks. */
export default defineConfig({
  entry: {
    index: "src/index.ts",
    "core/index": "src/core/index.ts",
    "data/index": "src/data/index.ts",
    "methods/index": "src/methods/index.ts",
    "scenes/index": "src/scenes/index.ts",
    "cli/main": "src/cli/main.ts",
    "run/worker": "src/run/worker.ts",
  },
  format: "esm",
  platform: "node",
  target: "node20.19",
  fixedExtension: false,
  dts: { oxc: true },
  logLevel: "warn",
});
