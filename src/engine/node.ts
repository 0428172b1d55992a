export { type NodeRuntimeOptions, openNodeRuntime } from "./runtime-node.ts";
export { openWorkerRuntime, type WorkerRuntime } from "./runtime-worker.ts";
export { type OpenWeightFile, openWeightFile, writeSafetensorsFile } from "./weight-file-node.ts";
