import { invalid, MaskwrightError } from "../../core/error.ts";
import type { Device, Precision } from "../../engine/index.ts";
import { settingsOf } from "../../methods/proposals/sam-auto/options.ts";
import { modelRegistry } from "../../models/registry.ts";
import type { EmbeddingCacheOptions } from "../embedding-cache.ts";
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
 *         not here, with the command that gets them
 */
export function chooseProposer({ maxProposals, generator, ...choice }: ProposerChoice): Proposer {
  if (choice.model === "regions") {
    if (generator !== null)
      throw new MaskwrightError(
        "INVALID_ARGUMENT",
        "--model regions: expected no options of SAM's generator, got some",
        { hint: "Leave them out, or choose a model such as --model mobile-sam." },
      );
    return { kind: "regions", maxProposals: maxProposals ?? 300 };
  }
  if (maxProposals !== null)
    throw new MaskwrightError("INVALID_ARGUMENT", `--max: expected --model regions, got ${choice.model}`, {
      hint: "Thresholds such as --pred-iou-thresh decide how many masks SAM's generator keeps.",
    });
  settingsOf(generator ?? {}); // says what is out of its range before anything is opened
  return { kind: "sam", model: chooseModel(choice), generator: generator ?? {} };
}

/** The source of a choice that answers prompts. @throws MaskwrightError as `chooseProposer` */
export function chooseSegmenter(choice: SourceChoice): Segmenter {
  return choice.model === "regions" ? { kind: "regions" } : { kind: "sam", model: chooseModel(choice) };
}

function chooseModel({ model, ...options }: SourceChoice): SamModel {
  const names = modelRegistry.filter(({ network }) => network.kind === "sam").map(({ name }) => name);
  if (!names.includes(model)) throw invalid("--model", `regions, ${names.join(", ")}, or onnx:DIR`, model);
  return { name: model, sha256: locateModel(model).sha256, ...options };
}
