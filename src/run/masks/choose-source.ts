import { invalid, MaskwrightError } from "../../core/error.ts";
import type { Device, Precision } from "../../engine/index.ts";
import { settingsOf } from "../../methods/proposals/sam-auto/options.ts";
import { modelRegistry } from "../../models/registry.ts";
import type { EmbeddingCacheOptions } from "../embedding-cache.ts";
import { digestOnnxPair, findOnnxPair } from "../onnx-pair-files.ts";
import { locateModel } from "../store/stored-models.ts";
import type { Proposer, SamGenerator, SamModel, Segmenter } from "./mask-source.ts";

/** A source as it is named by a person. */
export interface SourceChoice {
  /** "regions", a promptable model of the registry, or "onnx:" and a folder. */
  readonly model: string;
  readonly precision: Precision;
  readonly device: Device;
  readonly threads: number | null;
  readonly cache: EmbeddingCacheOptions | null;
}

export interface ProposerChoice extends SourceChoice {
  /** For regions: at most so many proposals an image; null is 300. */
  readonly maxProposals: number | null;
  /** For models; null is the published one. */
  readonly generator: SamGenerator | null;
}

/**
 * The source of a choice, with what is here of its model. Nothing is fetched.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for an unknown model or options that it does not have; NOT_FOUND when its weights are
 *         not here, with the command that gets them; BAD_FORMAT for a folder without a pair of ONNX files
 */
export async function chooseProposer({
  maxProposals,
  generator,
  ...choice
}: ProposerChoice): Promise<Proposer> {
  const { model } = choice;
  if (model === "regions") {
    if (generator !== null)
      throw unfit("options of SAM's generator", "a model that is asked at points", model);
    return { kind: "regions", maxProposals: maxProposals ?? 300 };
  }
  if (maxProposals !== null) throw unfit("--max", "--model regions", model);
  settingsOf(generator ?? {}); // says what is out of its range before anything is opened
  return { kind: "sam", model: await chooseModel(choice), generator: generator ?? {} };
}

/** The source of a choice that answers prompts. @throws MaskwrightError as `chooseProposer` */
export async function chooseSegmenter(choice: SourceChoice): Promise<Segmenter> {
  return choice.model === "regions" ? { kind: "regions" } : { kind: "sam", model: await chooseModel(choice) };
}

async function chooseModel({ model, ...options }: SourceChoice): Promise<SamModel> {
  const folder = model.startsWith("onnx:") ? model.slice("onnx:".length) : "";
  if (folder !== "") {
    if (options.precision !== "float32")
      throw unfit("--precision", "a model of the registry: a pair of ONNX files is run as it is", model);
    return {
      name: model,
      sha256: await digestOnnxPair(findOnnxPair(folder)),
      ...options,
    };
  }
  const names = modelRegistry.filter(({ network }) => network.kind === "sam").map(({ name }) => name);
  if (!names.includes(model)) throw invalid("--model", `regions, ${names.join(", ")}, or onnx:DIR`, model);
  return { name: model, sha256: locateModel(model).sha256, ...options };
}

function unfit(option: string, expected: string, model: string): MaskwrightError {
  return new MaskwrightError("INVALID_ARGUMENT", `${option}: expected ${expected}, got --model ${model}`);
}
