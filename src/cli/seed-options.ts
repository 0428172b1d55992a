import { MaskwrightError } from "../core/error.ts";
import type { GeneratorOptions } from "./generator-options.ts";
import { checkModelOptions, checkNoSource, checkNoTraining } from "./mask-checks.ts";
import type { ModelOptions } from "./mask-options.ts";
import type { RecipeOptions } from "./recipe-options.ts";
import { sourceName, type TagOptions } from "./tag-options.ts";

export interface SeedCommandOptions extends TagOptions, ModelOptions, GeneratorOptions, RecipeOptions {
  readonly out: string;
  readonly cams?: string;
  /** Only where it was typed; default "0". */
  readonly camKeysFrom?: "0" | "1";
  readonly prompts: "written" | "learned";
  readonly proposals?: string;
  readonly power?: number;
  readonly crf?: boolean;
  readonly truth?: string;
  readonly overlay?: boolean;
  readonly dryRun?: boolean;
}

/** Refuses what nothing would read. @throws MaskwrightError INVALID_ARGUMENT that names the options */
export function checkSeedOptions(options: SeedCommandOptions): void {
  const { cams, camKeysFrom, weights, contexts, proposals, model, prompts, round } = options;
  const isLearned = prompts === "learned";
  if (cams === undefined && camKeysFrom !== undefined)
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      "--cam-keys-from: expected --cams DIR, whose keys it counts, got none",
    );
  for (const [one, other, isBoth] of [
    ["--cams DIR", "--weights FILE", cams !== undefined && weights !== undefined],
    ["--cams DIR", "--contexts DIR", cams !== undefined && contexts !== undefined],
    ["--cams DIR", "--source NAME", cams !== undefined && options.source !== undefined],
    ["--cams DIR", "--clip NAME", cams !== undefined && options.clip !== undefined],
    ["--cams DIR", "--texts FILE", cams !== undefined && options.texts !== undefined],
    ["--cams DIR", "--seed N", cams !== undefined && options.seed !== undefined],
    ["--cams DIR", "--prompts learned", cams !== undefined && isLearned],
    ["--contexts DIR", "--prompts learned", contexts !== undefined && isLearned],
    ["--round NAME", "--prompts learned", round !== undefined && isLearned],
    ["--proposals DIR", "--model NAME", proposals !== undefined && model !== undefined],
  ] as const)
    if (isBoth) throw new MaskwrightError("INVALID_ARGUMENT", `seed: expected ${one} or ${other}, got both`);
  const isClip = sourceName(options) === "clip" && cams === undefined;
  if (isClip && !isLearned) checkNoTraining(options);
  // CLIP reads these too.
  const { precision: _, device: __, ...others } = options;
  const own = isClip ? others : options;
  if (proposals === undefined) checkModelOptions(own);
  else checkNoSource(own, "masks to make");
}
