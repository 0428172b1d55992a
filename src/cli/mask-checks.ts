import { MaskwrightError } from "../core/error.ts";
import type { GeneratorOptions } from "./generator-options.ts";
import type { ModelOptions } from "./mask-options.ts";
import type { TagOptions } from "./tag-options.ts";

const modelNames = ["precision", "device", "cache", "cacheLimit"] as const;

const generatorNames = [
  "generator",
  "pointsPerSide",
  "pointsPerBatch",
  "predIouThresh",
  "stabilityScoreThresh",
  "stabilityScoreOffset",
  "boxNmsThresh",
  "cropNLayers",
  "cropNmsThresh",
  "cropOverlapRatio",
  "cropNPointsDownscaleFactor",
  "pointGrids",
  "minMaskRegionArea",
] as const satisfies readonly (keyof GeneratorOptions)[];

/**
 * Refuses what only a model reads, where `regions` makes the masks.
 *
 * @throws MaskwrightError INVALID_ARGUMENT that names the first such option
 */
export function checkModelOptions(options: ModelOptions): void {
  if (options.model !== undefined && options.model !== "regions") return;
  const flag = firstFlag(options, modelNames);
  if (flag === null) return;
  throw new MaskwrightError("INVALID_ARGUMENT", `${flag}: expected a model, got --model regions`, {
    hint: `Leave ${flag} out, or choose a model: --model NAME.`,
  });
}

/**
 * Refuses what says how masks are made, where a folder of them is given.
 *
 * @param expected  in place of the folder
 * @throws MaskwrightError INVALID_ARGUMENT that names the first such option
 */
export function checkNoSource(
  options: ModelOptions & GeneratorOptions,
  expected = "--images DIR to propose masks for",
): void {
  const flag = firstFlag(options, ["model", ...modelNames, ...generatorNames]);
  if (flag === null) return;
  throw new MaskwrightError("INVALID_ARGUMENT", `${flag}: expected ${expected}, got --proposals DIR`, {
    hint: `Leave ${flag} out, or --proposals.`,
  });
}

/**
 * Refuses what only CLIP reads, where a classifier makes the CAMs.
 *
 * @throws MaskwrightError INVALID_ARGUMENT that names the first such option
 */
export function checkNoClip(options: Pick<ModelOptions, "precision" | "device">): void {
  const flag = firstFlag(options, ["precision", "device"]);
  if (flag === null) return;
  throw new MaskwrightError("INVALID_ARGUMENT", `${flag}: expected --source clip, got a classifier`, {
    hint: `Leave ${flag} out: a classifier computes in float32 on the processor.`,
  });
}

/**
 * Refuses what only a training reads, where CLIP makes the CAMs and learns nothing.
 *
 * @throws MaskwrightError INVALID_ARGUMENT
 */
export function checkNoTraining({ seed }: Pick<TagOptions, "seed">): void {
  if (seed === undefined) return;
  throw new MaskwrightError("INVALID_ARGUMENT", "--seed: expected something to train, got --source clip", {
    hint: "Leave --seed out: CLIP is told texts, and nothing is left to chance.",
  });
}

/** The first of these options that was typed, as it is typed. */
function firstFlag<T>(options: T, names: readonly (keyof T & string)[]): string | null {
  const name = names.find((each) => options[each] !== undefined);
  if (name === undefined) return null;
  const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${options[name] === false ? "no-" : ""}${words}`;
}
