import { existsSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { MaskwrightError } from "../../core/error.ts";
import type { ClassList } from "../../data/class-list.ts";
import { quote } from "../../data/problems.ts";
import { readRunDescription } from "../run-directory.ts";
import { digestFile } from "../store/digest.ts";
import type { ClipModel, ContextSource } from "./cam-source.ts";

/** The command that learns contexts, as the `run.json` of its runs has it; their options have `classes` and `clip`. */
export const CONTEXTS_COMMAND = "train prompts";

/**
 * The contexts of a run of `maskwright train prompts`.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for another folder, other classes or another CLIP; NOT_FOUND when the training is not done
 */
export async function openContexts(
  folder: string,
  clip: ClipModel,
  { classes: [, ...classes] }: ClassList,
): Promise<ContextSource> {
  const refuse = (expected: string, got: string, hint: string): never => {
    throw new MaskwrightError("INVALID_ARGUMENT", `--contexts ${folder}: expected ${expected}, got ${got}`, {
      hint,
    });
  };
  const run = readRunDescription(folder);
  if (run?.command !== CONTEXTS_COMMAND)
    return refuse(
      `a run of \`maskwright ${CONTEXTS_COMMAND}\``,
      run === null ? "no run" : `one of \`${run.command}\``,
      "That command learns contexts from tags, or from seeds.",
    );
  const { options } = run;
  if (!isDeepStrictEqual(options.classes, classes))
    refuse("the classes it was trained with", quote(classes), "--classes must be those of the training.");
  if (options.clip !== clip.sha256)
    refuse("the CLIP it was trained with", clip.sha256, "Contexts say nothing to another CLIP.");
  const texts = join(folder, "texts.safetensors");
  if (!existsSync(texts))
    throw new MaskwrightError("NOT_FOUND", `${texts}: expected learned contexts, got nothing there`, {
      hint: "The training is not done: run its command again to go on.",
    });
  const { sha256 } = await digestFile(texts);
  return { kind: "contexts", clip, texts, sha256, classCount: classes.length };
}
