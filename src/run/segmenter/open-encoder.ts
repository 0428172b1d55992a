import { basename, dirname } from "node:path";
import { invalid, MaskwrightError } from "../../core/error.ts";
import { openWeightFile } from "../../engine/node.ts";
import { clipWeights } from "../../models/clip/weights.ts";
import { findModel, modelRegistry } from "../../models/registry.ts";
import { samWeights } from "../../models/sam/weights.ts";
import {
  clipEncoder,
  type FrozenEncoder,
  mobileNetEncoder,
  samEncoder,
} from "../../models/segmenter/frozen-encoder.ts";
import type { EncoderSource } from "../../models/segmenter/network.ts";
import { openMobileNet } from "../cams/thread-extractor.ts";
import { digestFile } from "../store/digest.ts";
import { locateModel } from "../store/stored-models.ts";

/** A frozen encoder with the file that it holds. */
export interface OpenEncoder extends FrozenEncoder {
  /** Where weights lie that stay in their file, for `compile`. */
  readonly folder: string;
  close(): void;
}

/**
 * The encoder of a name: a CLIP or SAM of the registry whose weights are here, or the file of a MobileNetV2. Nothing is fetched.
 *
 * @throws MaskwrightError NOT_FOUND when its weights are not here; INVALID_ARGUMENT for a file of another kind
 */
export async function findEncoder(name: string): Promise<EncoderSource> {
  const known = modelRegistry.some((entry) => entry.name === name);
  if (known) return { kind: findModel(name).network.kind, name, sha256: locateModel(name).sha256 };
  if (!/\.(tflite|safetensors|pth|pt|bin)$/i.test(name)) {
    const names = modelRegistry.map((entry) => entry.name).join(", ");
    throw invalid("--encoder", `one of ${names}, or the file of a MobileNetV2`, name);
  }
  return { kind: "mobilenet", name, sha256: (await digestFile(name)).sha256 };
}

export interface OpenEncoderOptions {
  /** Read large weights too, in place of mapping them from their file. Default false. */
  readonly inMemory?: boolean;
}

/**
 * The encoder that a segmenter was trained on.
 *
 * @throws MaskwrightError NOT_FOUND when its weights are not here; BAD_FORMAT when they are others than it was trained on
 */
export async function openEncoder(
  source: EncoderSource,
  { inMemory = false }: OpenEncoderOptions = {},
): Promise<OpenEncoder> {
  const { kind, name, sha256 } = source;
  const found = await findEncoder(name);
  if (found.sha256 !== sha256)
    throw new MaskwrightError(
      "BAD_FORMAT",
      `encoder ${name}: expected the weights it was trained on, SHA-256 ${sha256}, got ${found.sha256}`,
      { hint: "A head fits the encoder that it was trained on, and no other." },
    );
  if (kind === "mobilenet") {
    const { weights, config } = openMobileNet(name);
    return { ...mobileNetEncoder(weights, config), folder: dirname(name), close: () => {} };
  }
  const { path } = locateModel(name);
  const { network } = findModel(name);
  const file = openWeightFile(path);
  const options = inMemory ? {} : { location: basename(path) };
  try {
    const encoder =
      network.kind === "clip"
        ? clipEncoder(clipWeights(file, network.config), network.config, options)
        : samEncoder(samWeights(file, network.config), network.config, options);
    return { ...encoder, folder: dirname(path), close: file.close };
  } catch (error) {
    file.close();
    throw error;
  }
}
