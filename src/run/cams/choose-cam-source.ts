import { statSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { ClassTexts } from "../../core/class-texts.ts";
import { invalid, MaskwrightError } from "../../core/error.ts";
import type { ClassList } from "../../data/class-list.ts";
import { readClassTexts } from "../../data/class-texts.ts";
import type { Device, Precision } from "../../engine/index.ts";
import { cocoTexts } from "../../methods/fma/prompts/coco.ts";
import { sceneTexts } from "../../methods/fma/prompts/scenes.ts";
import { vocTexts } from "../../methods/fma/prompts/voc.ts";
import { findModel, type ModelNetwork, modelRegistry } from "../../models/registry.ts";
import { digestFile } from "../store/digest.ts";
import { locateModel } from "../store/stored-models.ts";
import type { CamSource, ClipModel } from "./cam-source.ts";
import { openContextFile } from "./context-file.ts";
import { openContexts } from "./contexts.ts";

/** A source as it is named by a person. */
export interface CamSourceChoice {
  readonly source: "classifier" | "clip";
  readonly classes: ClassList;
  /** File of the classifier's weights. */
  readonly weights: string | null;
  /** Name of the CLIP, as the registry has it; default the one that CLIP-ES and FMA-WSSS have. */
  readonly clip?: string;
  /** File that says what CLIP is told; null are the published texts of VOC and COCO, those of scenes, or the names of the classes. */
  readonly texts: string | null;
  /** A run of `train prompts` whose contexts CLIP is told instead, or a published checkpoint of contexts. */
  readonly contexts: string | null;
  readonly seed: number;
  /** What CLIP computes with; default "float32". */
  readonly precision?: Precision;
  /** Where; default "cpu". */
  readonly device?: Device;
  readonly threads: number | null;
}

const DEFAULT_CLIP = "clip-vit-b-16";

/**
 * The source of a choice, with the digest of its weights. Nothing is fetched.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for a classifier without weights, or options that a source does not have; NOT_FOUND when
 *         weights are not there; BAD_FORMAT for a file of texts
 */
export async function chooseCamSource(choice: CamSourceChoice): Promise<CamSource> {
  const { source, weights, texts, contexts, classes, seed, threads } = choice;
  if (source === "clip") {
    if (weights !== null)
      throw invalid(
        "--weights",
        "nothing with --source clip, whose weights `maskwright models` keeps",
        weights,
      );
    const clip = locateClip(choice);
    if (contexts === null) return { kind: "clip", clip, texts: await chooseTexts(texts, classes) };
    if (statSync(contexts, { throwIfNoEntry: false })?.isFile())
      return await openContextFile(contexts, clip, await chooseTexts(texts, classes));
    if (texts !== null)
      throw invalid("--texts", "nothing with --contexts of a run, which were learned with texts", texts);
    return await openContexts(contexts, clip, classes);
  }
  if (choice.clip !== undefined) throw invalid("--clip", "--source clip", "--source classifier");
  if (texts !== null) throw invalid("--texts", "--source clip, which reads texts", "--source classifier");
  if (contexts !== null)
    throw invalid("--contexts", "--source clip, which reads texts", "--source classifier");
  if (weights === null)
    throw new MaskwrightError("INVALID_ARGUMENT", "--weights: expected a MobileNetV2 file, got none", {
      hint: "mobilenet_v2_1.0_224_quant.tflite of TensorFlow, or model.safetensors of google/mobilenet_v2_1.0_224 on Hugging Face",
    });
  if (!/\.(tflite|safetensors|pth|pt|bin)$/i.test(weights))
    throw invalid("--weights", "a file ending in .tflite, .safetensors, .pth, .pt or .bin", weights);
  const { sha256 } = await digestFile(weights);
  return { kind: "classifier", backbone: { file: weights, sha256, threads }, seed };
}

/**
 * CLIP as `maskwright models` keeps it.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for a model that is no CLIP; NOT_FOUND with the command that gets it
 */
export function locateClip({
  clip: name = DEFAULT_CLIP,
  precision = "float32",
  device = "cpu",
  threads,
}: Pick<CamSourceChoice, "clip" | "precision" | "device" | "threads">): ClipModel {
  const names = modelRegistry.filter(({ network }) => network.kind === "clip").map((entry) => entry.name);
  if (!names.includes(name)) throw invalid("--clip", `one of ${names.join(", ")}`, name);
  const { network, files } = findModel(name);
  const { path, sha256 } = locateModel(name);
  const hasVocabulary = files.some(({ role }) => role === "vocabulary");
  const vocabulary = hasVocabulary ? locateModel(name, "vocabulary").path : null;
  const { config } = network as Extract<ModelNetwork, { readonly kind: "clip" }>;
  return { config, weights: path, vocabulary, sha256, precision, device, threads };
}

/**
 * What classes and background are called: as published for VOC and COCO, as the generator calls those of its scenes, or by the names of the
 * classes; a file says all of it otherwise, or a part.
 *
 * @throws MaskwrightError BAD_FORMAT for a file of texts
 */
export async function chooseTexts(file: string | null, classes: ClassList): Promise<ClassTexts> {
  const base = knownTexts(classes);
  return file === null ? base : await readClassTexts(file, classes.classes, base);
}

function knownTexts({ name, classes }: ClassList): ClassTexts {
  if (name === "voc") return vocTexts;
  if (name === "coco") return cocoTexts;
  const own = classes.slice(1);
  if (isDeepStrictEqual(own, sceneTexts.classes)) return sceneTexts;
  // What VOC's photos show behind their objects is in most others too, but for what is a class here.
  return { name, classes: own, background: vocTexts.background.filter((text) => !own.includes(text)) };
}
