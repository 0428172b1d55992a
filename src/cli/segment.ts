import { Command, Option } from "commander";
import { MaskwrightError } from "../core/error.ts";
import { countImages } from "../run/command.ts";
import { addExamples, addWorkOptions, classesOption } from "./options.ts";
import { type CommonOptions, printEstimate, printJson, withSession } from "./session.ts";

interface SegmentOptions extends CommonOptions {
  readonly boxes?: string;
  readonly points?: string;
  readonly classes?: string;
  readonly model: "regions";
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
    .addOption(
      new Option("--model <name>", "where masks come from: regions needs no weights and no network")
        .choices(["regions"])
        .default("regions"),
    )
    .addOption(classesOption())
    .option("--overlay", "also draw the masks over the photos, in DIR/overlay")
    .option("--dry-run", "say what it would take, and write nothing");
  addWorkOptions(command);
  addExamples(command, [
    "maskwright segment photos --boxes boxes.csv --classes classes.txt -o runs/boxes",
    "maskwright segment train2017 --boxes instances_train2017.json --limit 100 --overlay -o runs/coco",
    "maskwright segment JPEGImages --boxes Annotations -o runs/voc",
    "maskwright segment photos --points points.csv --classes classes.txt -o runs/points",
  ]);
  return command.action((images: string, options: SegmentOptions) => runSegment(images, options));
}

async function runSegment(images: string, options: SegmentOptions): Promise<void> {
  const { boxes, points } = options;
  if ((boxes === undefined) === (points === undefined)) {
    const got = boxes === undefined ? "neither" : "both";
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `segment: expected either --boxes FILE or --points FILE, got ${got}`,
    );
  }
  await withSession(options, async (context) => {
    const [{ estimateSegment, segment }, { openBoxes, openPoints }] = await Promise.all([
      import("../run/segment.ts"),
      import("../data/prompts.ts"),
    ]);
    const prompts =
      boxes === undefined
        ? await openPoints(points as string, options.classes)
        : await openBoxes(boxes, options.classes);
    const request = { ...options, images, prompts, overlay: options.overlay ?? false };
    if (options.dryRun) return await printEstimate(await estimateSegment(request, context), options);
    const report = await segment(request, context);
    if (options.json) printJson(report);
    else {
      process.stdout.write(
        `${countImages(report.images)}, ${report.objects} objects: ${options.out}/instances.json, label maps in ${options.out}/labels\n`,
      );
    }
    return report.failures.length === 0;
  });
}
