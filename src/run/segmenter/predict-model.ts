import { existsSync, statSync } from "node:fs";
import type { ClassId } from "../../core/label-map.ts";
import { parseJson } from "../../data/json-file.ts";
import type { Device, Precision } from "../../engine/index.ts";
import { openWeightFile } from "../../engine/node.ts";
import { readSegformerFolder } from "./predict-folder.ts";
import { readSegmenter, type SegmenterFile } from "./segmenter-checkpoint.ts";

/** Weights that label pixels, and what they say of themselves: values only, so that they can travel to a thread. */
export interface PixelModel extends Omit<SegmenterFile, "training"> {
  /** Class id of each channel of the network; ids that no channel has never occur. */
  readonly channelIds: readonly ClassId[];
}

/** How a model computes. */
export interface PixelRuntime {
  readonly precision: Precision;
  readonly device: Device;
  /** Threads that compute; null is one for each core. */
  readonly threads: number | null;
}

/**
 * Whether a checkpoint labels pixels: a folder of Hugging Face's does, and a file that says that it is a segmenter's.
 *
 * @throws MaskwrightError NOT_FOUND without such a file; BAD_FORMAT when it holds no weights
 */
export function isPixelModel(path: string): boolean {
  if (existsSync(path) && statSync(path).isDirectory()) return true;
  const file = openWeightFile(path);
  try {
    const config = file.metadata.get("config");
    if (config === undefined) return false;
    const value = parseJson(new TextEncoder().encode(config), `${path}: config`);
    return (value as { readonly kind?: unknown } | null)?.kind === "segmenter";
  } finally {
    file.close();
  }
}

/**
 * A checkpoint of `train segmenter`, or a folder with a SegFormer by Hugging Face's names.
 *
 * @throws MaskwrightError as `readSegmenter` and `readSegformerFolder`
 */
export async function readPixelModel(path: string): Promise<PixelModel> {
  if (existsSync(path) && statSync(path).isDirectory()) return await readSegformerFolder(path);
  const { training: _, ...file } = await readSegmenter(path);
  return { ...file, channelIds: file.classes.map((_, id) => id) };
}
