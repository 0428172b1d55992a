import { MaskwrightError } from "../core/error.ts";
import type { GeneratorOptions, ModelOptions } from "./mask-options.ts";

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
 * @throws MaskwrightError INVALID_ARGUMENT that names the first such option
 */
export function checkNoSource(options: ModelOptions & GeneratorOptions): void {
  const flag = firstFlag(options, ["model", ...modelNames, ...generatorNames]);
  if (flag === null) return;
  throw new MaskwrightError(
    "INVALID_ARGUMENT",
    `${flag}: expected --images DIR to propose masks for, got --proposals DIR`,
    { hint: `Leave ${flag} out, or give photos in place of proposals.` },
  );
}

/** The first of these options that was typed, as it is typed. */
function firstFlag<T>(options: T, names: readonly (keyof T & string)[]): string | null {
  const name = names.find((each) => options[each] !== undefined);
  if (name === undefined) return null;
  const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${options[name] === false ? "no-" : ""}${words}`;
}
