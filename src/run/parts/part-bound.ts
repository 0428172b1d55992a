import { MaskwrightError } from "../../core/error.ts";
import type { PromptSource } from "../../data/prompts.ts";
import type { Supervision } from "./part-labels.ts";
import { openPartSource, type PartFiles } from "./part-source.ts";
import type { PrompterFile } from "./prompter-checkpoint.ts";

/** The true parts whose masks, as a prompter's teacher would have them, are the best that the prompter can do. */
export interface PartBound {
  readonly source: PromptSource;
  readonly supervision: Supervision;
}

/**
 * True parts read as `train prompter` reads them, with the classes of a prompter. One that points taught is bound by the centers of boxes,
 * where boxes are given.
 *
 * @throws MaskwrightError as `openPartSource`; INVALID_ARGUMENT for points beside a prompter that boxes taught
 */
export async function openPartBound(
  { prompts, classes, path }: PrompterFile,
  files: PartFiles,
): Promise<PartBound> {
  if (files.points !== undefined && prompts === "box")
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `--points: expected boxes, as they taught ${path}, got points`,
      { hint: "Give --boxes or --parts." },
    );
  return await openPartSource({ ...files, classes, centers: prompts === "point" });
}
