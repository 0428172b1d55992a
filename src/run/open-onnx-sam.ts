import { invalid } from "../core/error.ts";
import { openWorkerRuntime } from "../engine/node.ts";
import { createOnnxSam } from "../models/onnx-sam/onnx-sam.ts";
import { digestOnnxPair, findOnnxPair } from "./onnx-pair-files.ts";
import type { OpenSam, OpenSamOptions } from "./open-sam.ts";

/**
 * Opens the exported SAM of a folder in a thread of its own; see `createOnnxSam` for what can be exported how.
 *
 * @throws MaskwrightError as `findOnnxPair` and `createOnnxSam`; INVALID_ARGUMENT for a precision, which the graph decides;
 *         MODEL when onnxruntime-node or the device is missing
 */
export async function openOnnxSam(folder: string, options: OpenSamOptions = {}): Promise<OpenSam> {
  const { precision = "float32", ...runtimeOptions } = options;
  if (precision !== "float32")
    throw invalid(
      "onnx: precision",
      "float32: the models compute with what they were exported with",
      precision,
    );
  const pair = findOnnxPair(folder);
  const sha256 = await digestOnnxPair(pair);
  const runtime = await openWorkerRuntime(runtimeOptions);
  try {
    const sam = createOnnxSam(pair, runtime);
    const close = async (): Promise<void> => {
      await sam.dispose();
      await runtime.close();
    };
    return { ...sam, sha256, close };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}
