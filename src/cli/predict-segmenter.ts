import { type Command, InvalidArgumentError } from "commander";
import { formatCount } from "../core/count.ts";
import { MaskwrightError } from "../core/error.ts";
import type { PartFiles } from "../run/parts/part-source.ts";
import type { WorkContext } from "../run/stage.ts";
import { type ModelOptions, sourceChoice } from "./mask-options.ts";
import { selectionOf, wholeNumber } from "./options.ts";
import { type CommonOptions, printEstimate, printJson } from "./session.ts";

/** What only a segmenter's checkpoint reads. */
export interface SegmenterOptions {
  readonly sliding?: boolean;
  readonly window?: number;
  readonly stride?: number;
  readonly scales?: readonly number[];
  readonly flip?: boolean;
  readonly crf?: boolean;
  readonly probabilities?: boolean;
}

export interface PredictLabelsOptions extends CommonOptions, ModelOptions, SegmenterOptions, PartFiles {
  readonly checkpoint: string;
  readonly out: string;
  readonly overlay?: boolean;
  readonly rawTokens?: boolean;
  readonly dryRun?: boolean;
}

export function addSegmenterOptions(command: Command): Command {
  return command
    .option("--sliding", "segmenter: look through a window that slides over every photo, not only large ones")
    .option("--window <px>", "segmenter: side of the window (default: as it was trained)", wholeNumber)
    .option("--stride <px>", "segmenter: from one window to the next (default: 3/4 of it)", wholeNumber)
    .option(
      "--scales <list>",
      "segmenter: sizes to look at; 1 is that of the training (default: 1)",
      scaleList,
    )
    .option("--flip", "segmenter: look at mirror images too")
    .option("--crf", "segmenter: move the borders to those of colors, by a dense CRF")
    .option("--probabilities", "segmenter: also keep probabilities, in DIR/probabilities");
}

function scaleList(text: string): readonly number[] {
  const scales = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (!scales.every((scale) => scale > 0 && scale <= 8))
    throw new InvalidArgumentError("Expected numbers above 0 and at most 8, with commas between them.");
  return scales;
}

const segmenterFlags = ["sliding", "window", "stride", "scales", "flip", "crf", "probabilities"] as const;
const prompterFlags = ["model", "cache", "cacheLimit", "rawTokens", "boxes", "points", "parts"] as const;

/** Refuses what only a segmenter reads. @throws MaskwrightError INVALID_ARGUMENT that names the first such option */
export function checkNoSegmenterOptions(options: PredictLabelsOptions): void {
  refuseFlags(options, segmenterFlags, "a segmenter's checkpoint, got a prompter's");
}

/**
 * `predict` with a checkpoint that labels pixels.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for an option that only a prompter reads
 */
export async function runPredictLabels(
  images: string,
  options: PredictLabelsOptions,
  context: WorkContext,
): Promise<boolean> {
  refuseFlags(options, prompterFlags, "a prompter's checkpoint, got a segmenter's");
  const { checkpoint, out, overlay = false, probabilities: keepsProbabilities = false } = options;
  const [{ estimatePredictLabels, predictLabels }, { readPixelModel }] = await Promise.all([
    import("../run/segmenter/predict-labels.ts"),
    import("../run/segmenter/predict-model.ts"),
  ]);
  const { precision, device, threads } = await sourceChoice(options);
  const choice = { model: await readPixelModel(checkpoint), precision, device, threads };
  const request = {
    images,
    out,
    choice,
    look: lookOf(options),
    keepsProbabilities,
    overlay,
    ...selectionOf(options),
  };
  if (options.dryRun) return await printEstimate(await estimatePredictLabels(request, context), options);
  const report = await predictLabels(request, context);
  if (options.json) printJson(report);
  else {
    const names = Object.keys(report.found).join(", ");
    process.stdout.write(
      `${formatCount(report.images, "image")} with ${names || "background only"}: ${out}/labels\n`,
    );
  }
  return report.failures.length === 0;
}

function lookOf({
  sliding = false,
  window,
  stride,
  scales = [1],
  flip = false,
  crf = false,
}: SegmenterOptions) {
  return { sliding, window: window ?? null, stride: stride ?? null, scales, flip, crf };
}

function refuseFlags<T>(options: T, names: readonly (keyof T & string)[], expected: string): void {
  const name = names.find((each) => options[each] !== undefined);
  if (name === undefined) return;
  const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const flag = `--${options[name] === false ? "no-" : ""}${words}`;
  throw new MaskwrightError("INVALID_ARGUMENT", `${flag}: expected ${expected}`, {
    hint: `Leave ${flag} out, or give another --checkpoint.`,
  });
}
