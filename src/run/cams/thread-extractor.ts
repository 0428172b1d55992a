import { readFileBytes } from "../../data/paths.ts";
import { openWeightFile, openWorkerRuntime } from "../../engine/node.ts";
import { createMobileNet, type FeatureExtractor } from "../../models/mobilenet/mobilenet.ts";
import {
  type MobileNetFile,
  mobileNetOfFile,
  mobileNetOfTflite,
} from "../../models/mobilenet/open-weights.ts";
import type { Backbone } from "./cam-source.ts";

/** The backbone of this thread: it is opened once and stays until the thread ends. */
let current: { readonly name: string; readonly extractor: Promise<FeatureExtractor> } | null = null;

/** @throws MaskwrightError NOT_FOUND or BAD_FORMAT for a file that is no MobileNetV2, MODEL without onnxruntime-node */
export function threadExtractor(backbone: Backbone): Promise<FeatureExtractor> {
  const name = JSON.stringify(backbone);
  if (current?.name !== name) current = { name, extractor: open(backbone) };
  return current.extractor;
}

async function open({ file, threads }: Backbone): Promise<FeatureExtractor> {
  const { weights, config } = openMobileNet(file);
  const runtime = await openWorkerRuntime(threads === null ? {} : { threads });
  // 16: objects in photos of VOC's size are a few positions large, twice as many along a side as the classifier had.
  return createMobileNet(weights, config, runtime, { outputStride: 16 });
}

/** A MobileNetV2 in memory, from TensorFlow's .tflite or from a file by the names of transformers. @throws MaskwrightError NOT_FOUND, BAD_FORMAT */
export function openMobileNet(path: string): MobileNetFile {
  if (/\.tflite$/i.test(path)) return mobileNetOfTflite(readFileBytes(path), path);
  const file = openWeightFile(path);
  try {
    return mobileNetOfFile(file);
  } finally {
    file.close();
  }
}
