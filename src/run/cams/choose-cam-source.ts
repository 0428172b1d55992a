import { invalid, MaskwrightError } from "../../core/error.ts";
import { digestFile } from "../store/digest.ts";
import type { ClassifierSource } from "./cam-source.ts";

/** A source as it is named by a person. */
export interface CamSourceChoice {
  /** File of the backbone's weights. */
  readonly weights: string | null;
  readonly seed: number;
  readonly threads: number | null;
}

/**
 * The source of a choice, with its weights' digest. Nothing is fetched.
 *
 * @throws MaskwrightError INVALID_ARGUMENT without weights; NOT_FOUND when they are not there
 */
export async function chooseCamSource({
  weights,
  seed,
  threads,
}: CamSourceChoice): Promise<ClassifierSource> {
  if (weights === null)
    throw new MaskwrightError("INVALID_ARGUMENT", "--weights: expected a MobileNetV2 file, got none", {
      hint: "mobilenet_v2_1.0_224_quant.tflite of TensorFlow, or model.safetensors of google/mobilenet_v2_1.0_224 on Hugging Face",
    });
  if (!/\.(tflite|safetensors|pth|pt|bin)$/i.test(weights))
    throw invalid("--weights", "a file ending in .tflite, .safetensors, .pth, .pt or .bin", weights);
  const { sha256 } = await digestFile(weights);
  return { kind: "classifier", backbone: { file: weights, sha256, threads }, seed };
}
