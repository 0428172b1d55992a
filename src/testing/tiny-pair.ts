import { exportSamPair } from "../models/index.ts";
import { stridedConfig } from "../models/onnx-sam/testing/pairs.ts";
import { randomTensors, weightFile } from "../models/sam/testing/tiny-sam.ts";
import { writeTree } from "./tree.ts";

/** Writes a promptable model as a pair of ONNX files: a SAM of random weights that sees 64 × 64 pixels and takes milliseconds. */
export function writeTinyPair(folder: string): void {
  const { encoder, decoder } = exportSamPair(weightFile(randomTensors(stridedConfig)), stridedConfig);
  writeTree(folder, { "tiny.encoder.onnx": encoder, "tiny.decoder.onnx": decoder });
}
