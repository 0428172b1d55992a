import { Command, Option } from "commander";
import { formatCount } from "../core/count.ts";
import { MaskwrightError } from "../core/error.ts";
import type { Compat, Variant } from "../methods/sepl/merge.ts";
import type { ProposalOrigin, RefineRequest } from "../run/refine.ts";
import type { RefineReport } from "../run/refine-summary.ts";
import { addCamOptions, type CamOptions, camReading } from "./cam-options.ts";
import { addGeneratorOptions, type GeneratorOptions, generatorChoice } from "./generator-options.ts";
import { checkModelOptions, checkNoSource } from "./mask-checks.ts";
import { addModelOptions, type ModelOptions, sourceChoice } from "./mask-options.ts";
import { addExamples, addWorkOptions, classesOption } from "./options.ts";
import { commandLine, printEstimate, printJson, withSession } from "./session.ts";

interface RefineOptions extends ModelOptions, GeneratorOptions, CamOptions {
  readonly out: string;
  readonly proposals?: string;
  readonly images?: string;
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
    .option("--images <dir>", "photos to propose masks for, when there are no proposals yet");
  addModelOptions(command);
  addGeneratorOptions(command)
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
    "maskwright refine pseudo --images photos --model mobile-sam --points-per-side 16 -o runs/sam",
    "maskwright refine pseudo --proposals sam_masks --compat original -o runs/published",
  ]);
  return command.action((labels: string, options: RefineOptions) => runRefine(labels, options));
}

async function runRefine(labels: string, options: RefineOptions): Promise<void> {
  checkOrigin(options);
  await withSession(options, async (context) => {
    const [{ estimateRefine, refine }, { classList }] = await Promise.all([
      import("../run/refine.ts"),
      import("../data/class-list.ts"),
    ]);
    const classes = await classList(options.classes ?? "voc");
    const proposals = await proposalOrigin(options);
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

function checkOrigin(options: RefineOptions): void {
  const { proposals, images } = options;
  if ((proposals === undefined) !== (images === undefined)) {
    if (images === undefined) checkNoSource(options);
    else checkModelOptions(options);
    return;
  }
  const got = proposals === undefined ? "neither" : "both";
  throw new MaskwrightError(
    "INVALID_ARGUMENT",
    `refine: expected either --proposals DIR or --images DIR, got ${got}`,
  );
}

async function proposalOrigin(options: RefineOptions): Promise<ProposalOrigin> {
  if (options.proposals !== undefined) return { kind: "folder", folder: options.proposals };
  const { chooseProposer } = await import("../run/masks/choose-source.ts");
  const proposer = await chooseProposer({
    ...(await sourceChoice(options)),
    maxProposals: null,
    generator: await generatorChoice(options),
  });
  return { kind: "photos", folder: options.images as string, proposer };
}

async function describeReport(report: RefineReport, out: string): Promise<string> {
  const percent = (part: number, whole: number): string =>
    `${((100 * part) / Math.max(whole, 1)).toFixed(1)} %`;
  const lines = [
    `${formatCount(report.images, "image")}: ${percent(report.changed, report.pixels)} of the pixels changed, ${percent(report.taken, report.proposals)} of ${report.proposals} proposals taken`,
  ];
  if (report.vanished > 0) lines.push(`a class vanished in ${formatCount(report.vanished, "image")}`);
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
