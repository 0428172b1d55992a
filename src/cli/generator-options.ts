import { type Command, InvalidArgumentError, Option } from "commander";
import { MaskwrightError } from "../core/error.ts";
import type { SamGenerator } from "../run/masks/mask-source.ts";
import { fraction, wholeNumber } from "./options.ts";

/** The options of SAM's generator by their names in the published code. */
export interface GeneratorOptions {
  readonly generator?: "sam" | "fma";
  readonly pointsPerSide?: number;
  readonly pointsPerBatch?: number;
  readonly predIouThresh?: number;
  readonly stabilityScoreThresh?: number;
  readonly stabilityScoreOffset?: number;
  readonly boxNmsThresh?: number;
  readonly cropNLayers?: number;
  readonly cropNmsThresh?: number;
  readonly cropOverlapRatio?: number;
  readonly cropNPointsDownscaleFactor?: number;
  readonly pointGrids?: string;
  readonly minMaskRegionArea?: number;
}

/** Every option of the published generator; see `generatorChoice` for whose defaults they have. */
export function addGeneratorOptions(command: Command): Command {
  return addGeneratorOption(command)
    .option("--points-per-side <n>", "ask at n × n points of the photo (default: 32)", wholeUpTo(1, 1000))
    .option(
      "--points-per-batch <n>",
      "points decoded at once, which changes no mask (default: 1 on a CPU, else 16)",
      wholeNumber,
    )
    .option("--pred-iou-thresh <x>", "the least predicted IoU of a mask (default: 0.88)", anyNumber)
    .option("--stability-score-thresh <x>", "the least stability of a mask (default: 0.95)", anyNumber)
    .option("--stability-score-offset <x>", "how far stability moves the threshold (default: 1)", atLeast(0))
    .option("--box-nms-thresh <x>", "the most IoU of two masks' boxes (default: 0.7)", anyNumber)
    .option(
      "--crop-n-layers <n>",
      "look at crops too, 4 ** i of them in layer i (default: 0)",
      wholeUpTo(0, 8),
    )
    .option("--crop-nms-thresh <x>", "the most IoU of boxes from two crops (default: 0.7)", anyNumber)
    .option("--crop-overlap-ratio <x>", "how much crops overlap (default: 0.3413, 512 / 1500)", fraction)
    .option(
      "--crop-n-points-downscale-factor <n>",
      "divides the points per side once more in each layer (default: 1)",
      atLeast(1),
    )
    .addOption(
      new Option(
        "--point-grids <file>",
        "JSON with a list of points [x, y] in 0..1 for each layer of crops",
      ).conflicts("pointsPerSide"),
    )
    .option(
      "--min-mask-region-area <n>",
      "fill holes and drop islands below n pixels (default: 0)",
      atLeast(0),
    );
}

export function addGeneratorOption(command: Command): Command {
  return command.addOption(
    new Option(
      "--generator <name>",
      "how a model is asked for everything: sam, as published (default), or fma, as in FMA-WSSS: whole objects first",
    ).choices(["sam", "fma"]),
  );
}

/**
 * The generator that is asked for, or null when nothing is said: FMA-WSSS's or the published one, with what is said
 * besides in place of its settings.
 */
export async function generatorChoice(options: GeneratorOptions): Promise<SamGenerator | null> {
  const { generator, pointGrids } = options;
  const said: SamGenerator = {
    ...given("pointsPerSide", options.pointsPerSide),
    ...given("pointsPerBatch", options.pointsPerBatch),
    ...given("minPredictedIou", options.predIouThresh),
    ...given("minStability", options.stabilityScoreThresh),
    ...given("stabilityOffset", options.stabilityScoreOffset),
    ...given("maxBoxIou", options.boxNmsThresh),
    ...given("cropLayers", options.cropNLayers),
    ...given("maxCropBoxIou", options.cropNmsThresh),
    ...given("cropOverlapRatio", options.cropOverlapRatio),
    ...given("cropPointsDownscale", options.cropNPointsDownscaleFactor),
    ...given("minRegionArea", options.minMaskRegionArea),
    ...(pointGrids !== undefined && { pointGrids: await readGrids(pointGrids) }),
  };
  const chosen = generator === "fma" ? { ...(await fmaGenerator()), ...said } : said;
  checkGrids(chosen, pointGrids);
  return generator === undefined && Object.keys(said).length === 0 ? null : chosen;
}

async function fmaGenerator(): Promise<SamGenerator> {
  const { fmaSamOptions } = await import("../methods/proposals/sam-auto/options.ts");
  return fmaSamOptions;
}

function checkGrids({ pointGrids, cropLayers = 0 }: SamGenerator, path: string | undefined): void {
  if (pointGrids === undefined || pointGrids.length > cropLayers) return;
  const layers = `${cropLayers} layer${cropLayers === 1 ? "" : "s"} of crops`;
  throw new MaskwrightError(
    "INVALID_ARGUMENT",
    `--point-grids: expected a grid for the photo and ${layers}, got ${pointGrids.length} in ${path}`,
    { hint: "Add grids, or lower --crop-n-layers." },
  );
}

async function readGrids(path: string): Promise<NonNullable<SamGenerator["pointGrids"]>> {
  const { readPointGrids } = await import("../data/point-grids.ts");
  return await readPointGrids(path);
}

function given<K extends string, V>(key: K, value: V | undefined): { readonly [N in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [N in K]: V });
}

function anyNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("Expected a number.");
  return value;
}

function atLeast(least: number): (text: string) => number {
  return (text) => {
    const value = anyNumber(text);
    if (value < least) throw new InvalidArgumentError(`Expected a number from ${least}.`);
    return value;
  };
}

function wholeUpTo(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = anyNumber(text);
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    return value;
  };
}
