import { MaskwrightError } from "../../core/error.ts";
import type { SourceChoice } from "../masks/choose-source.ts";
import type { SamModel } from "../masks/mask-source.ts";
import { type PrompterFile, readPrompterFile } from "./prompter-checkpoint.ts";
import { chooseTeacher } from "./teacher-model.ts";

/** A prompter and the model whose decoder draws what it finds: values only, so that they can travel to a thread. */
export interface PartFinder {
  readonly prompter: PrompterFile;
  readonly model: SamModel;
  /** What the decoder is given: the prompts nearest to the predicted tokens, or the tokens as they are, which is published. */
  readonly tokens: "nearest" | "raw";
}

/**
 * The prompter of a checkpoint, with the model it was trained on or the one that is named.
 *
 * @throws MaskwrightError as `readPrompterFile` and `chooseTeacher`; INVALID_ARGUMENT when the checkpoint names no model and nobody does, or
 *         its model has other weights here
 */
export async function choosePartFinder(
  checkpoint: string,
  choice: Omit<SourceChoice, "model"> & { readonly model: string | null },
  tokens: PartFinder["tokens"] = "nearest",
): Promise<PartFinder> {
  const prompter = await readPrompterFile(checkpoint);
  const name = choice.model ?? prompter.model?.name;
  if (name === undefined)
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `${checkpoint}: expected --model NAME beside it, since it does not say whose embeddings it reads, got none`,
    );
  const model = await chooseTeacher({ ...choice, model: name });
  if (choice.model === null && model.sha256 !== prompter.model?.sha256)
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `${checkpoint}: expected the ${name} it was trained with (${prompter.model?.sha256}), got other weights (${model.sha256})`,
      { hint: `--model ${name} takes them all the same` },
    );
  return { prompter, model, tokens };
}
