import { Command, Option } from "commander";
import { formatCount } from "../core/count.ts";
import type { PartFiles } from "../run/parts/part-source.ts";
import { addComputeOptions, type ModelOptions, sourceChoice } from "./mask-options.ts";
import { addExamples, addWorkOptions, selectionOf } from "./options.ts";
import {
  addSegmenterOptions,
  checkNoSegmenterOptions,
  runPredictLabels,
  type SegmenterOptions,
} from "./predict-segmenter.ts";
import { printEstimate, printJson, withSession } from "./session.ts";

interface PredictOptions extends ModelOptions, SegmenterOptions, PartFiles {
  readonly checkpoint: string;
  readonly out: string;
  readonly overlay?: boolean;
  readonly rawTokens?: boolean;
  readonly dryRun?: boolean;
}

/** `maskwright predict IMAGES --checkpoint FILE -o DIR` */
export function predictCommand(): Command {
  const command = new Command("predict")
    .description(
      "Label new photos: every pixel with a trained segmenter, or parts with a trained prompter (WPS-SAM).",
    )
    .argument("<images>", "folder of photos")
    .requiredOption(
      "-o, --out <dir>",
      "run directory; DIR/labels/<id>.png, and of parts DIR/instances.json and DIR/parts/<id>.json",
    )
    .requiredOption(
      "--checkpoint <file>",
      "of `train segmenter` or `train prompter`, a folder of a published SegFormer (config.json, model.safetensors), or the authors' of WPS-SAM, with --model sam-vit-b",
    )
    .option("--model <name>", "prompter: whose masks (default: the model the checkpoint was trained with)");
  addComputeOptions(command)
    .option("--no-cache", "keep no embeddings")
    .option(
      "--raw-tokens",
      "prompter: draw from the tokens as it predicts them, as published, and as is done for the authors' (default: from the nearest box or point)",
    )
    .addOption(
      new Option(
        "--boxes <file>",
        "prompter: draw not what it finds but what its teacher makes of these true parts, the bound of `evaluate-parts`; read as for `train prompter`",
      ).conflicts(["points", "parts", "rawTokens"]),
    )
    .addOption(
      new Option("--points <file>", "the same of points, if points taught it").conflicts([
        "parts",
        "rawTokens",
      ]),
    )
    .addOption(new Option("--parts <file>", "the same of COCO JSON of parts").conflicts("rawTokens"))
    .option("--overlay", "also draw the label maps over the photos, in DIR/overlay")
    .option("--dry-run", "say what it would take, and write nothing");
  addSegmenterOptions(command);
  addWorkOptions(command);
  addExamples(command, [
    "maskwright predict photos --checkpoint runs/segmenter/checkpoint.safetensors --overlay -o runs/labels",
    "maskwright predict photos --checkpoint segformer-b0-ade --scales 0.75,1,1.25 --flip --crf -o runs/ade",
    "maskwright predict photos --checkpoint runs/prompter/checkpoint.safetensors --overlay -o runs/parts",
    "maskwright predict photos --checkpoint runs/prompter/checkpoint.safetensors --ids val.txt -o runs/val",
    "maskwright predict photos --checkpoint wps.pth --model sam-vit-b -o runs/published",
    "maskwright predict photos --checkpoint wps.pth --model sam-vit-b --parts parts.json -o runs/bound",
  ]);
  return command.action((images: string, options: PredictOptions) => runPredict(images, options));
}

async function runPredict(images: string, options: PredictOptions): Promise<void> {
  const { checkpoint, out, overlay = false } = options;
  await withSession(options, async (context) => {
    const { isPixelModel } = await import("../run/segmenter/predict-model.ts");
    if (isPixelModel(checkpoint)) return await runPredictLabels(images, options, context);
    checkNoSegmenterOptions(options);
    const [{ estimatePredict, predictParts }, { choosePartFinder }] = await Promise.all([
      import("../run/predict.ts"),
      import("../run/parts/part-finder.ts"),
    ]);
    const choice = { ...(await sourceChoice(options)), model: options.model ?? null };
    const finder = await choosePartFinder(checkpoint, choice, options.rawTokens ? "raw" : null);
    const bound = hasParts(options)
      ? await (await import("../run/parts/part-bound.ts")).openPartBound(finder.prompter, options)
      : null;
    const request = { images, out, finder, bound, overlay, ...selectionOf(options) };
    if (options.dryRun) return await printEstimate(await estimatePredict(request, context), options);
    const report = await predictParts(request, context);
    if (options.json) printJson(report);
    else {
      process.stdout.write(
        `${formatCount(report.images, "image")}, ${formatCount(report.parts, "part")}: ${out}/instances.json, part maps in ${out}/labels\n`,
      );
    }
    return report.failures.length === 0;
  });
}

function hasParts({ boxes, points, parts }: PartFiles): boolean {
  return [boxes, points, parts].some((file) => file !== undefined);
}
