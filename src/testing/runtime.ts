import type { Runtime } from "../engine/index.ts";
import { openNodeRuntime } from "../engine/node.ts";

/** One thread of ONNX Runtime for a test, or null, said out loud, where onnxruntime-node is missing. */
export async function tryRuntime(test: string): Promise<Runtime | null> {
  try {
    return await openNodeRuntime({ threads: 1 });
  } catch (error) {
    console.warn(`SKIPPED: ${test}: ${(error as Error).message}`);
    return null;
  }
}
