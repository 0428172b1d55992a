import { MaskwrightError } from "../../core/error.ts";
import { chooseSegmenter, type SourceChoice } from "../masks/choose-source.ts";
import type { SamModel } from "../masks/mask-source.ts";

/**
 * The model of a choice, which must give its prompt tokens.
 *
 * @throws MaskwrightError as `chooseSegmenter`; INVALID_ARGUMENT for regions, and for a pair of ONNX files, whose tokens are inside the graph
 */
export async function chooseTeacher(choice: SourceChoice): Promise<SamModel> {
  const { model } = choice;
  const segmenter = model.startsWith("onnx:") ? null : await chooseSegmenter(choice);
  if (segmenter?.kind === "sam") return segmenter.model;
  throw new MaskwrightError(
    "INVALID_ARGUMENT",
    `--model: expected a SAM whose weights are here, which gives its prompt tokens, got ${model}`,
    { hint: "maskwright models list" },
  );
}
