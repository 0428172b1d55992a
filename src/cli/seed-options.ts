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
  const { cams, camKeysFrom, weights, source, clip, texts, contexts, seed, proposals, model, round } =
    options;
  const learned = options.prompts === "learned" ? options.prompts : undefined;
  if (cams === undefined && camKeysFrom !== undefined)
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      "--cam-keys-from: expected --cams DIR, whose keys it counts, got none",
    );
  for (const [one, value, other, otherValue] of [
    ["--cams DIR", cams, "--weights FILE", weights],
    ["--cams DIR", cams, "--contexts DIR", contexts],
    ["--cams DIR", cams, "--source NAME", source],
    ["--cams DIR", cams, "--clip NAME", clip],
    ["--cams DIR", cams, "--texts FILE", texts],
    ["--cams DIR", cams, "--seed N", seed],
    ["--cams DIR", cams, "--prompts learned", learned],
    ["--contexts DIR", contexts, "--prompts learned", learned],
    ["--round NAME", round, "--prompts learned", learned],
    ["--proposals DIR", proposals, "--model NAME", model],
  ] as const)
    if (value !== undefined && otherValue !== undefined)
      throw new MaskwrightError("INVALID_ARGUMENT", `seed: expected ${one} or ${other}, got both`);
  const isClip = sourceName(options) === "clip" && cams === undefined;
  if (isClip && learned === undefined) checkNoTraining(options);
  // CLIP reads these too.
  const { precision: _, device: __, ...others } = options;
  const own = isClip ? others : options;
  if (proposals === undefined) checkModelOptions(own);
  else checkNoSource(own, "masks to make");
}
