import { Command } from "commander";
import { formatCount } from "../core/count.ts";
import { MaskwrightError } from "../core/error.ts";
import { checkModelOptions } from "./mask-checks.ts";
import { addModelOptions, type ModelOptions, sourceChoice } from "./mask-options.ts";
import { addExamples, addWorkOptions, classesOption, selectionOf } from "./options.ts";
import { printEstimate, printJson, withSession } from "./session.ts";

interface SegmentOptions extends ModelOptions {
  readonly boxes?: string;
  readonly points?: string;
  readonly classes?: string;
  readonly out: string;
  readonly overlay?: boolean;
  readonly dryRun?: boolean;
}

/** `maskwright segment IMAGES --boxes FILE | --points FILE -o DIR` */
export function segmentCommand(): Command {
  const command = new Command("segment")
    .description("Mask the objects that boxes or points mean.")
    .argument("<images>", "folder of photos")
    .requiredOption(
      "-o, --out <dir>",
      "run directory; DIR/instances.json, DIR/labels/<id>.png, DIR/objects/<id>.json",
    )
    .option("--boxes <file>", "CSV (file,class,x0,y0,x1,y1), COCO JSON, or a folder of VOC XML")
    .option("--points <file>", "CSV (file,class,x,y[,positive][,object])")
    .addOption(classesOption());
  addModelOptions(command);
  command.option("--overlay", "also draw the masks over the photos, in DIR/overlay");
  command.option("--dry-run", "say what it would take, and write nothing");
  addWorkOptions(command);
  addExamples(command, [
    "maskwright segment photos --boxes boxes.csv --classes classes.txt -o runs/boxes",
    "maskwright segment train2017 --boxes instances_train2017.json --limit 100 --overlay -o runs/coco",
    "maskwright segment JPEGImages --boxes Annotations --ids train.txt -o runs/voc",
    "maskwright segment photos --points points.csv --classes classes.txt --model mobile-sam -o runs/points",
  ]);
  return command.action((images: string, options: SegmentOptions) => runSegment(images, options));
}

async function runSegment(images: string, options: SegmentOptions): Promise<void> {
  const { boxes, points, out, overlay = false } = options;
  if ((boxes === undefined) === (points === undefined)) {
    const got = boxes === undefined ? "neither" : "both";
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `segment: expected either --boxes FILE or --points FILE, got ${got}`,
    );
  }
  checkModelOptions(options);
  await withSession(options, async (context) => {
    const [{ estimateSegment, segment }, { chooseSegmenter }, { openBoxes, openPoints }] = await Promise.all([
      import("../run/segment.ts"),
      import("../run/masks/choose-source.ts"),
      import("../data/prompts.ts"),
    ]);
    const segmenter = await chooseSegmenter(await sourceChoice(options));
    const prompts =
      boxes === undefined
        ? await openPoints(points as string, options.classes)
        : await openBoxes(boxes, options.classes);
    const request = { images, out, prompts, segmenter, overlay, ...selectionOf(options) };
    if (options.dryRun) return await printEstimate(await estimateSegment(request, context), options);
    const report = await segment(request, context);
    if (options.json) printJson(report);
    else {
      process.stdout.write(
        `${formatCount(report.images, "image")}, ${formatCount(report.objects, "object")}: ${out}/instances.json, label maps in ${out}/labels\n`,
      );
    }
    return report.failures.length === 0;
  });
}
