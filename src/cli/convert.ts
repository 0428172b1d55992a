import { setImmediate } from "node:timers/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { formatCount } from "../core/count.ts";
import type { Conversion, ConvertFormat } from "../data/convert/convert.ts";
import { addExamples, classesOption } from "./options.ts";
import { exitCodes, printJson, progressKind, untilInterrupted } from "./session.ts";

interface ConvertCommandOptions {
  readonly from: ConvertFormat;
  readonly to: ConvertFormat;
  readonly classes?: string;
  readonly images?: string;
  readonly photos?: "link" | "copy";
  readonly val?: number | string;
  readonly strict?: boolean;
  readonly json?: boolean;
}

// Spelled out so that `--help` does not load the readers and writers; a test compares them with `convertFormats`.
const formats = [
  "labels",
  "coco",
  "coco-rle",
  "coco-panoptic",
  "yolo-seg",
  "voc",
  "label-studio",
  "cvat",
  "labelme",
  "mmseg",
  "hf",
  "proposals",
  "sepl-folder",
];

/** `maskwright convert IN OUT --from FORMAT --to FORMAT` */
export function convertCommand(): Command {
  const command = new Command("convert")
    .description("Change the format of a data set, and account for what the new one cannot hold.")
    .argument("<in>", "folder of the data set, or its file: COCO JSON, CVAT XML, Label Studio JSON, Parquet")
    .argument("<out>", "folder, or file for coco, coco-rle and cvat; must not be there yet")
    .addOption(new Option("--from <format>", "format of IN").choices(formats).makeOptionMandatory())
    .addOption(new Option("--to <format>", "format of OUT").choices(formats).makeOptionMandatory())
    .addOption(classesOption())
    .option(
      "--images <dir>",
      "photos, by the names of the pictures: for yolo-seg, voc, labelme, mmseg and hf",
    )
    .addOption(
      new Option("--photos <how>", "how photos come into OUT").choices(["link", "copy"]).default("link"),
    )
    .option(
      "--val <share|file>",
      "pictures for validation: a share such as 0.2, or a list of ids",
      shareOrFile,
    )
    .option("--strict", "write nothing and exit 1 when anything would be lost")
    .option("--json", "print the ledger as one JSON object on standard output");
  addExamples(command, [
    "maskwright convert SegmentationClass instances.json --from labels --to coco --classes voc",
    "maskwright convert instances_val2017.json labels --from coco --to labels --classes coco",
    "maskwright convert run/refined mm --from labels --to mmseg --classes voc --images JPEGImages --val 0.2",
    "maskwright convert run/refined hub --from labels --to hf --classes tags.txt --images photos --val val.txt",
    "maskwright convert instances.json yolo --from coco --to yolo-seg --images photos --photos copy",
    "maskwright convert annotations.xml out.json --from cvat --to coco --strict",
    "maskwright convert SAM/masks proposals --from sepl-folder --to proposals --strict",
  ]);
  command.addHelpText("after", "\nWhat each format keeps and how its trainer reads it: docs/convert.md\n");
  return command.action(async (input: string, output: string, options: ConvertCommandOptions) => {
    const conversion = await runConvert(input, output, options);
    if (options.json) printJson(conversion);
    else process.stdout.write(describeConversion(conversion, output));
    if (!conversion.written) process.exitCode = exitCodes.failed;
  });
}

/** `--val 0.2` is a share, anything else a file. */
function shareOrFile(text: string): number | string {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) return text;
  if (value < 0 || value > 1) throw new InvalidArgumentError("Expected a number from 0 to 1, or a file.");
  return value;
}

/** Converts with progress on standard error; Ctrl-C stops after the picture in hand and leaves nothing. */
export async function runConvert(
  input: string,
  output: string,
  { from, to, classes, images, photos = "link", val, strict = false, json = false }: ConvertCommandOptions,
): Promise<Conversion> {
  const [{ convert }, { classList }, { readIdList }, { createProgress }, { MaskwrightError }] =
    await Promise.all([
      import("../data/convert/convert.ts"),
      import("../data/class-list.ts"),
      import("../data/id-list.ts"),
      import("../run/progress.ts"),
      import("../core/error.ts"),
    ]);
  const progress = await createProgress(progressKind({ json }));
  let hasBegun = false;
  const end = (): void => {
    if (hasBegun) progress.end();
  };
  const work = async (signal: AbortSignal): Promise<Conversion> =>
    await convert(input, output, {
      from,
      to,
      strict,
      photos,
      ...(images !== undefined && { images }),
      ...(val !== undefined && { validation: typeof val === "string" ? await readIdList(val) : val }),
      ...(classes !== undefined && { classes: await classList(classes) }),
      watch: {
        begin(stage, pictures) {
          end();
          hasBegun = true;
          progress.begin(stage, pictures);
        },
        async advance(id) {
          progress.advance(id);
          await setImmediate(); // lets a Ctrl-C in
          if (signal.aborted) throw new MaskwrightError("ABORTED", "convert: stopped, nothing was written");
        },
      },
    });
  try {
    return await untilInterrupted({ json }, "stopping after the picture in hand (again to stop now)", work);
  } finally {
    end();
  }
}

/** The ledger for people. */
export function describeConversion(conversion: Conversion, output: string): string {
  const { from, to, written, pictures, losses, roundTrip, warnings } = conversion;
  const lines = [`${from} → ${to}: ${formatCount(pictures, "picture")}`];
  for (const warning of warnings) lines.push(`warning: ${warning}`);
  lines.push(losses.length === 0 ? "lost: nothing" : "lost:");
  for (const { kind, meaning, count, pictures: touched, examples } of losses) {
    lines.push(`  ${kind}: ${count} in ${formatCount(touched, "picture")}`, `    ${meaning}`);
    lines.push(`    most in ${examples.map(({ id, count: n }) => `${id} (${n})`).join(", ")}`);
  }
  const { compared, meanIou, minIou, worst } = roundTrip;
  if (meanIou !== null && minIou !== null) {
    const lowest = worst === null ? "" : ` in ${worst}`;
    lines.push(
      `read back: mean IoU ${formatIou(meanIou)}, lowest ${formatIou(minIou)}${lowest}, of ${compared} regions`,
    );
  }
  lines.push(written ? `written to ${output}` : "nothing was written (--strict)");
  return `${lines.join("\n")}\n`;
}

/** Four decimals, cut and not rounded: 1.0000 is exact. */
function formatIou(iou: number): string {
  return (Math.floor(iou * 1e4) / 1e4).toFixed(4);
}
