import type { WeightFile } from "../../engine/index.ts";
import { type MobileNetConfig, type MobileNetConv, mobileNetConvs, mobileNetV2 } from "./config.ts";
import { readTfliteLayers } from "./tflite.ts";
import { mobileNetFromTflite, mobileNetWeights } from "./weights.ts";

/** Weights as `createMobileNet` takes them, with the network that they are for. */
export interface MobileNetFile {
  readonly weights: WeightFile;
  readonly config: MobileNetConfig;
}

/**
 * A MobileNetV2 of any width from a file by the names of Hugging Face's transformers.
 *
 * @throws MaskwrightError as `mobileNetWeights`
 */
export function mobileNetOfFile(file: WeightFile): MobileNetFile {
  const config = configOfWidth(({ name }) => {
    const key = `${name}.convolution.weight`;
    return (file.tensors.get(`mobilenet_v2.${key}`) ?? file.tensors.get(key))?.shape[0];
  });
  return { weights: mobileNetWeights(file, config), config };
}

/**
 * A MobileNetV2 of any width from a TFLite model.
 *
 * @param where  what to call the file in an error
 * @throws MaskwrightError BAD_FORMAT for another file or network
 */
export function mobileNetOfTflite(bytes: Uint8Array, where: string): MobileNetFile {
  const layers = readTfliteLayers(bytes, where);
  const config = configOfWidth((_, k) => layers[k]?.bias.data.length);
  return { weights: mobileNetFromTflite(layers, config, where), config };
}

/**
 * MobileNetV2 with the channels that a file has.
 *
 * @param outputs  of a convolution, the k-th; what is missing has the published width, and is missed by who reads the weights
 */
function configOfWidth(outputs: (conv: MobileNetConv, k: number) => number | undefined): MobileNetConfig {
  const channels = mobileNetConvs(mobileNetV2).map((conv, k) => outputs(conv, k) ?? conv.outputs);
  const blocks = mobileNetV2.blocks.map(({ stride }, i) => ({ channels: channels[3 + 3 * i + 2], stride }));
  return {
    ...mobileNetV2,
    stem: [channels[0], channels[2]],
    blocks,
    features: channels[channels.length - 1],
  };
}
