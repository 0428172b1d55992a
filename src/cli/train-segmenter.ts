import { Command, Option } from "commander";
import { formatCount } from "../core/count.ts";
import type { SegformerVariant } from "../models/segmenter/config.ts";
import type { WorkContext } from "../run/stage.ts";
import type { TrainSegmenterRequest } from "../run/train-segmenter.ts";
import {
  addExamples,
  addWorkOptions,
  classesOption,
  count,
  fraction,
  positiveNumber,
  wholeNumber,
} from "./options.ts";
import { printEstimate, printJson, withSession } from "./session.ts";
import { checkNetwork, requestOf, type TrainSegmenterOptions } from "./train-segmenter-request.ts";

const variants: readonly SegformerVariant[] = [
  "segformer-b0",
  "segformer-b1",
  "segformer-b2",
  "segformer-b3",
  "segformer-b4",
  "segformer-b5",
];

/** `maskwright train segmenter IMAGES --labels DIR --classes LIST -o DIR` */
export function trainSegmenterCommand(): Command {
  const command = new Command("segmenter")
    .description("Learn from label maps to name the class of every pixel of new photos.")
    .argument("<images>", "folder of photos")
    .requiredOption(
      "--labels <dir>",
      "label maps (indexed PNG, 255 = not known), CAM files whose scores are shares of classes, or a run that made either",
    )
    .addOption(classesOption().makeOptionMandatory())
    .requiredOption(
      "-o, --out <dir>",
      "run directory; DIR/checkpoint.safetensors, best.safetensors, report.html",
    )
    .addOption(
      new Option(
        "--network <name>",
        "what is trained: segformer-b0 to segformer-b5, or light, a small head on an --encoder (default: segformer-b0, or light with --encoder)",
      ).choices([...variants, "light"]),
    )
    .option(
      "--encoder <model>",
      "frozen below a light head: the file of a MobileNetV2, or a CLIP or SAM by name",
    )
    .option(
      "--init <file>",
      "weights that SegFormer starts from: model.safetensors of nvidia/mit-b0 and its like, or a checkpoint (default: random)",
    )
    .addOption(
      new Option("--device <name>", "where the network computes")
        .choices(["cpu", "cuda", "webgpu", "coreml", "directml"])
        .default("cpu"),
    )
    .option(
      "--side <px>",
      "of the squares that are cut out of photos (default: by network and device)",
      wholeNumber,
    )
    .option("--batch <n>", "photos of a step (default: 4 on a CPU, else 16)", wholeNumber)
    .option("--steps <n>", "steps of the whole training (default: by the number of photos)", wholeNumber)
    .option(
      "--rate <x>",
      "learning rate (default: 0.00006 with --init, 0.0003 without, 0.005 for a light head)",
      positiveNumber,
    )
    .option("--warmup <n>", "steps until the rate is reached (default: 1 % of the steps)", count)
    .option("--ema", "keep averages of the weights over the steps, and use those")
    .option(
      "--class-weights <file>",
      "how much a pixel of each class counts: JSON, or auto, more where a class is rare (default: all alike)",
    )
    .option(
      "--confidence <dir>",
      "how sure each pixel's label is: gray PNG, 255 = sure, CAM files, or a run that made them",
    )
    .option(
      "--background-power <p>",
      "with CAM files: the background scores (1 - highest class score)^p (default: 1)",
      positiveNumber,
    )
    .addOption(
      new Option("--key-base <n>", "what CAM files call the first class after the background")
        .choices(["0", "1"])
        .default("0"),
    )
    .addOption(
      new Option(
        "--val <fraction>",
        "keep this share of the photos out of the training and validate with it (default: 0.1)",
      )
        .argParser(fraction)
        .conflicts("valIds"),
    )
    .option(
      "--val-ids <file>",
      "validate with these photos, one id a line, and keep them out of the training",
    )
    .option("--val-labels <dir>", "label maps to validate with (default: those of --labels)")
    .option("--val-every <n>", "steps between two validations (default: a tenth of the steps)", wholeNumber)
    .option("--seed <n>", "what chance begins with", count, 0)
    .option("--checkpoint-every <n>", "steps after which the work so far is saved", wholeNumber, 200)
    .option("--dry-run", "only say what would be done, and how long it would take");
  addWorkOptions(command);
  addExamples(command, [
    "maskwright train segmenter photos --labels runs/seeds --classes voc --encoder mnv2.tflite -o runs/light",
    "maskwright train segmenter photos --labels runs/sepl --classes voc --init mit-b0.safetensors -o runs/b0",
    "maskwright train segmenter photos --labels masks --classes a.txt --device cuda --ema -o runs/b0",
    "maskwright train segmenter photos --labels masks --classes a.txt --class-weights auto --dry-run -o runs/b0",
  ]);
  return command.action((images: string, options: TrainSegmenterOptions) =>
    runTrainSegmenter(images, options),
  );
}

async function runTrainSegmenter(images: string, options: TrainSegmenterOptions): Promise<void> {
  checkNetwork(options);
  await withSession(options, async (context) => {
    const request = await requestOf(images, options);
    if (options.dryRun === true) return await printTrainingEstimate(request, options, context);
    const { trainSegmenter } = await import("../run/train-segmenter.ts");
    const report = await trainSegmenter(request, context);
    if (options.json) printJson(report);
    else {
      const { best, last, timing } = report;
      const validated =
        best === null
          ? ""
          : `, mIoU ${(100 * best.miou).toFixed(2)} % of ${report.validation} after step ${best.step}`;
      process.stdout.write(
        `${formatCount(report.images, "image")}, ${formatCount(report.steps, "step")}: loss ${last.loss.toPrecision(4)}${validated}; waited for photos ${(100 * timing.waiting).toFixed(1)} % of the time; ${options.out}/checkpoint.safetensors\n`,
      );
    }
    return report.failures.length === 0;
  });
}

async function printTrainingEstimate(
  request: TrainSegmenterRequest,
  options: TrainSegmenterOptions,
  context: WorkContext,
): Promise<boolean> {
  const { estimateTraining } = await import("../run/segmenter/estimate-training.ts");
  const estimate = await estimateTraining(request, context);
  if (!options.json) {
    const { side, batch, steps } = estimate.recipe;
    process.stdout.write(
      `${formatCount(steps, "step")} of ${formatCount(batch, "photo")} at ${side} px, ${estimate.stepSeconds.toPrecision(2)} s each\n`,
    );
  }
  return await printEstimate(estimate, options);
}
