import { basename, dirname } from "node:path";
import { invalid } from "../core/error.ts";
import { type NodeRuntimeOptions, openWeightFile, openWorkerRuntime } from "../engine/node.ts";
import { findModel } from "../models/registry.ts";
import type { NetworkOptions } from "../models/sam/networks.ts";
import { createSam, type Sam } from "../models/sam/sam.ts";
import { openOnnxSam } from "./open-onnx-sam.ts";
import { locateModel } from "./store/stored-models.ts";

export interface OpenSamOptions extends NodeRuntimeOptions, Pick<NetworkOptions, "precision"> {}

/** A model with the thread and the file that it holds. */
export interface OpenSam extends Sam {
  /** SHA-256 of its weights, for the keys of what is made with them. */
  readonly sha256: string;
  /** Ends it: its memory is freed, its thread stopped and its file closed. */
  close(): Promise<void>;
}

/**
 * Opens a promptable model of the registry, from the weights that are here, or one that was exported to a folder, in a thread of its
 * own. Nothing is fetched.
 *
 * @param name  such as "sam-vit-b", or "onnx:" and the folder
 * @throws MaskwrightError NOT_FOUND for an unknown model, or when its weights are not here, with the command that gets them;
 *         INVALID_ARGUMENT for a model that takes no prompts; MODEL when onnxruntime-node or the device is missing
 */
export async function openSam(name: string, options: OpenSamOptions = {}): Promise<OpenSam> {
  if (name.startsWith("onnx:")) return await openOnnxSam(name.slice("onnx:".length), options);
  const { network } = findModel(name);
  if (network.kind !== "sam") throw invalid("openSam: name", "a model of the SAM family", name);
  const { path, sha256 } = locateModel(name);
  const { precision = "float32", ...runtimeOptions } = options;
  const runtime = await openWorkerRuntime(runtimeOptions);
  try {
    const file = openWeightFile(path);
    const stored = { folder: dirname(path), name: basename(path) };
    const sam = createSam(file, network.config, runtime, { stored, precision });
    const close = async (): Promise<void> => {
      await sam.dispose();
      await runtime.close();
      file.close();
    };
    return { ...sam, sha256, close };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}
