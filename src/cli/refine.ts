import { Command, Option } from "commander";
import { MaskwrightError } from "../core/error.ts";
import type { Compat, Variant } from "../methods/sepl/merge.ts";
import { countImages } from "../run/command.ts";
import type { ProposalOrigin, RefineRequest } from "../run/refine.ts";
import type { RefineReport } from "../run/refine-summary.ts";
import { addCamOptions, type CamOptions, camReading } from "./cam-options.ts";
import { addExamples, addWorkOptions, classesOption } from "./options.ts";
import { type CommonOptions, commandLine, printEstimate, printJson, withSession } from "./session.ts";

interface RefineOptions extends CommonOptions, CamOptions {
  readonly out: string;
  readonly proposals?: string;
  readonly images?: string;
  readonly model?: "regions";
  readonly variant: Variant;
  readonly compat?: Compat;
  readonly classes?: string;
  readonly keepIgnore?: boolean;
  readonly truth?: string;
  readonly photos?: string;
  readonly overlay?: boolean;
  readonly dryRun?: boolean;
}

/** `maskwright refine LABELS --proposals DIR | --images DIR --model M -o DIR` */
export function refineCommand(): Command {
  const command = new Command("refine")
    .description("Refine pseudo labels (or CAMs) of any method with proposals: SEPL.")
    .argument("<labels>", "folder of label PNGs, or of CAM files (npy, npz, safetensors)")
    .requiredOption("-o, --out <dir>", "run directory; labels go to DIR/pseudo/<id>.png")
    .option(
      "--proposals <dir>",
      "proposals: JSON files, SEPL's folders of PNGs, npz/npy, or a run of `propose`",
    )
    .option("--images <dir>", "photos to propose masks for, when there are no proposals yet")
    .addOption(new Option("--model <name>", "where masks come from, with --images").choices(["regions"]))
    .addOption(
      new Option("--variant <name>", "which rules of SEPL")
        .choices(["max_iou", "max_iou_imp", "max_iou_imp2"])
        .default("max_iou_imp2"),
    )
    .addOption(
      new Option(
        "--compat <with>",
        "original: the published code, bit for bit; paper: the paper's text",
      ).choices(["original", "paper"]),
    )
    .addOption(classesOption())
    .option("--keep-ignore", "ignore pixels (255) that no proposal paints stay ignore")
    .option("--photos <dir>", "photos to draw the labels and the report over, with --proposals")
    .option("--overlay", "also draw the refined labels over the photos, in DIR/overlay")
    .option("--dry-run", "say what it would take, and write nothing")
    .option("--truth <dir>", "ground truth: prints mIoU before and after, and writes DIR/report.html");
  addCamOptions(command);
  addWorkOptions(command);
  addExamples(command, [
    "maskwright refine pseudo --images photos --model regions -o runs/refined",
    "maskwright refine pseudo --proposals sam_masks -o runs/refined --truth SegmentationClass --classes voc",
    "maskwright refine cams --background-power 2 --proposals sam_masks -o runs/refined",
    "maskwright refine pseudo --proposals sam_masks --compat original -o runs/published",
  ]);
  return command.action((labels: string, options: RefineOptions) => runRefine(labels, options));
}

async function runRefine(labels: string, options: RefineOptions): Promise<void> {
  const proposals = proposalOrigin(options);
  await withSession(options, async (context) => {
    const [{ estimateRefine, refine }, { classList }] = await Promise.all([
      import("../run/refine.ts"),
      import("../data/class-list.ts"),
    ]);
    const classes = await classList(options.classes ?? "voc");
    // The published code counts 21 classes unless it is told otherwise; we take every id the labels hold.
    const isBounded = options.classes !== undefined || options.compat === "original";
    const request: RefineRequest = {
      ...options,
      labels,
      proposals,
      classes,
      classCount: isBounded ? classes.classes.length : 255,
      compat: options.compat ?? null,
      keepIgnore: options.keepIgnore ?? false,
      cams: camReading(options),
      truth: options.truth ?? null,
      overlay: options.overlay ?? false,
      commandLine: commandLine(),
    };
    if (options.dryRun) return await printEstimate(await estimateRefine(request, context), options);
    const report = await refine(request, context);
    if (options.json) printJson(report);
    else process.stdout.write(await describeReport(report, options.out));
    return report.failures.length === 0;
  });
}

function proposalOrigin({ proposals, images, model }: RefineOptions): ProposalOrigin {
  if ((proposals === undefined) === (images === undefined)) {
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      "refine: expected either --proposals DIR or --images DIR, got " +
        (proposals === undefined ? "neither" : "both"),
    );
  }
  if (proposals !== undefined) return { kind: "folder", folder: proposals };
  return { kind: "photos", folder: images as string, model: model ?? "regions", maxProposals: 300 };
}

async function describeReport(report: RefineReport, out: string): Promise<string> {
  const percent = (part: number, whole: number): string =>
    `${((100 * part) / Math.max(whole, 1)).toFixed(1)} %`;
  const lines = [
    `${countImages(report.images)}: ${percent(report.changed, report.pixels)} of the pixels changed, ${percent(report.taken, report.proposals)} of ${report.proposals} proposals taken`,
  ];
  if (report.vanished > 0) lines.push(`a class vanished in ${countImages(report.vanished)}`);
  if (report.scores !== null) {
    const { formatScores } = await import("../run/report/score-table.ts");
    const { before, after } = report.scores;
    lines.push(
      "",
      formatScores([
        { name: "before", scores: before },
        { name: "after", scores: after },
      ]),
      `report: ${out}/report.html`,
    );
  }
  lines.push(`labels: ${out}/pseudo`);
  return `${lines.join("\n")}\n`;
}
