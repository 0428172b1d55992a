import { Command } from "commander";
import { MaskwrightError } from "../core/error.ts";
import type { Device } from "../engine/index.ts";
import type { SamTinyRecipe } from "../run/promptable/sam-tiny-recipe.ts";
import { addDeviceOption } from "./mask-options.ts";
import { addExamples, count, fraction, positiveNumber, wholeNumber } from "./options.ts";
import { type CommonOptions, printJson, withSession } from "./session.ts";

interface TrainSamTinyOptions extends CommonOptions {
  readonly out: string;
  readonly instances?: string;
  readonly scenes?: number;
  readonly steps?: number;
  readonly wholeSteps?: number;
  readonly batch?: number;
  readonly prompts?: number;
  readonly rate?: number;
  readonly init?: string;
  readonly seed: number;
  readonly checkpointEvery: number;
  readonly device?: Device;
  readonly threads?: number;
}

/** `maskwright train sam-tiny [IMAGES --instances FILE] -o DIR` */
export function trainSamTinyCommand(): Command {
  const command = new Command("sam-tiny")
    .description(
      "Train a small promptable model, on drawn scenes or on photos with masks; `models import` puts it in place.",
    )
    .argument("[images]", "folder of photos; without it scenes are drawn")
    .requiredOption("-o, --out <dir>", "run directory; DIR/sam-tiny.safetensors")
    .option("--instances <file>", "COCO JSON with the masks of the photos")
    .option("--scenes <fraction>", "share of scenes beside photos (default: 0.5)", fraction)
    .option("--steps <n>", "steps on windows of 256 px (default: 1400)", count)
    .option("--whole-steps <n>", "steps on pictures of 512 px after them (default: 30)", count)
    .option("--batch <n>", "windows of a step (default: 4)", wholeNumber)
    .option("--prompts <n>", "boxes and clicks in each window (default: 12)", wholeNumber)
    .option("--rate <x>", "highest learning rate (default: 0.0005)", positiveNumber)
    .option(
      "--init <file>",
      "begin with a checkpoint.safetensors or sam-tiny.safetensors, or with the weights of the model here: sam-tiny (default: random weights)",
    )
    .option("--seed <n>", "what chance begins with", count, 0)
    .option("--threads <n>", "threads that compute (default: one for each core)", wholeNumber)
    .option("--checkpoint-every <n>", "steps after which the work so far is saved", wholeNumber, 200);
  addDeviceOption(command)
    .option("--workers <n>", "threads that draw pictures (default: one for each core)", wholeNumber)
    .option("--json", "print one JSON object on standard output, events on standard error");
  addExamples(command, [
    "maskwright train sam-tiny -o runs/sam-tiny",
    "maskwright train sam-tiny photos --instances coco.json --init sam-tiny -o runs/own",
    "maskwright train sam-tiny photos --instances coco.json --init runs/own/sam-tiny.safetensors -o runs/more",
  ]);
  return command.action((images: string | undefined, options: TrainSamTinyOptions) =>
    runTrainSamTiny(images, options),
  );
}

async function runTrainSamTiny(images: string | undefined, options: TrainSamTinyOptions): Promise<void> {
  const { instances, out, init = null, seed, checkpointEvery, device = "cpu", threads = null } = options;
  if ((images === undefined) !== (instances === undefined))
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      "train sam-tiny: expected photos and --instances, or neither of them",
    );
  const photos = images === undefined || instances === undefined ? null : { images, instances };
  await withSession(options, async (context) => {
    const [{ trainSamTiny }, { samTinyRecipe }] = await Promise.all([
      import("../run/train-sam-tiny.ts"),
      import("../run/promptable/sam-tiny-recipe.ts"),
    ]);
    const recipe = recipeOf(samTinyRecipe, options);
    const report = await trainSamTiny(
      { photos, out, recipe, init, seed, checkpointEvery, device, threads },
      context,
    );
    if (options.json) printJson(report);
    else {
      const { loss, iou } = report.last;
      process.stdout.write(
        `${report.steps} steps: loss ${loss.toPrecision(4)}, IoU of the last prompts ${iou.toPrecision(3)}; ${out}/sam-tiny.safetensors\n`,
      );
    }
    return true;
  });
}

function recipeOf(recipe: SamTinyRecipe, options: TrainSamTinyOptions): SamTinyRecipe {
  const {
    steps: windowSteps = recipe.windowSteps,
    wholeSteps = recipe.wholeSteps,
    batch = recipe.batch,
    prompts = recipe.prompts,
    rate = recipe.rate,
    scenes = recipe.scenes,
  } = options;
  return { windowSteps, wholeSteps, batch, prompts, rate, scenes };
}
