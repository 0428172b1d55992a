import { Command, Option } from "commander";
import { formatCount } from "../core/count.ts";
import { MaskwrightError } from "../core/error.ts";
import type { Evaluation } from "../run/evaluate.ts";
import { addCamOptions, type CamOptions, camReading } from "./cam-options.ts";
import { addExamples, addWorkOptions, classesOption } from "./options.ts";
import { type CommonOptions, printJson, withSession } from "./session.ts";

interface EvaluateOptions extends CommonOptions, CamOptions {
  readonly classes: string;
  readonly metric: "dataset" | "original";
  readonly before?: string;
  readonly csv?: string;
  readonly boundary?: boolean;
}

/** `maskwright evaluate PRED TRUTH` */
export function evaluateCommand(): Command {
  const command = new Command("evaluate")
    .description("Score label maps against ground truth: mIoU of the data set, and each class.")
    .argument("<pred>", "folder of predicted label PNGs, or of CAM files")
    .argument("<truth>", "folder of ground-truth label PNGs; 255 is not scored")
    .addOption(classesOption().default("voc"))
    .addOption(
      new Option(
        "--metric <name>",
        "dataset: one confusion matrix; original: the published per-image running figure (VOC)",
      )
        .choices(["dataset", "original"])
        .default("dataset"),
    )
    .option("--boundary", "also score boundaries: F-measure within 0.75 % of the picture's diagonal")
    .option("--before <dir>", "labels before refinement, for a table of both")
    .option("--csv <file>", "with --metric original and --before: write the published CSV");
  addCamOptions(command);
  addWorkOptions(command);
  addExamples(command, [
    "maskwright evaluate runs/refined/pseudo SegmentationClass --classes voc",
    "maskwright evaluate transcam SegmentationClass --ids train.txt --json",
    "maskwright evaluate runs/refined/pseudo SegmentationClass --before pseudo",
    "maskwright evaluate after truth --before before --metric original --csv summary.csv",
  ]);
  return command.action((pred: string, truth: string, options: EvaluateOptions) =>
    runEvaluate(pred, truth, options),
  );
}

async function runEvaluate(pred: string, truth: string, options: EvaluateOptions): Promise<void> {
  checkCsv(options);
  await withSession(options, async (context) => {
    const [{ evaluateLabels }, { checkSomeFinished }, { openLabels }, { selectIds }, { classList }] =
      await Promise.all([
        import("../run/evaluate.ts"),
        import("../run/command.ts"),
        import("../run/label-input.ts"),
        import("../run/selection.ts"),
        import("../data/class-list.ts"),
      ]);
    const { classes } = await classList(options.classes);
    const after = openLabels(pred);
    const before = options.before === undefined ? null : openLabels(options.before);
    const ids = await selectIds([...after.files.keys()], pred, options);
    const request = {
      truth,
      ids,
      classCount: classes.length,
      running: options.metric === "original",
      boundary: options.boundary ?? false,
      cams: camReading(options),
    };
    const earlier = before && (await evaluateLabels({ ...request, pred: before }, context));
    const later = await evaluateLabels({ ...request, pred: after }, context);
    checkSomeFinished("evaluate", later.items.length, later.failures);
    if (options.metric === "original") await printOriginal(earlier, later, options);
    else await printScores(earlier, later, classes, options);
    return later.failures.length === 0 && (earlier?.failures.length ?? 0) === 0;
  });
}

function checkCsv({ csv, metric, before }: EvaluateOptions): void {
  if (csv === undefined || (metric === "original" && before !== undefined)) return;
  const missing = metric === "original" ? "no --before" : `--metric ${metric}`;
  const text = `evaluate: --csv: expected --metric original and --before DIR beside it, got ${missing}`;
  throw new MaskwrightError("INVALID_ARGUMENT", text);
}

async function printScores(
  before: Evaluation | null,
  after: Evaluation,
  classes: readonly string[],
  { json }: EvaluateOptions,
): Promise<void> {
  const { boundaryScores } = await import("../core/boundary-metric.ts");
  const { scores } = await import("../core/metrics.ts");
  const { percentScores } = await import("../run/percent.ts");
  const { formatScores } = await import("../run/report/score-table.ts");
  const judge = ({ confusion, boundaries }: Evaluation) => ({
    scores: scores(confusion, classes),
    boundaries: boundaries && boundaryScores(boundaries, classes),
  });
  const later = judge(after);
  const earlier = before && judge(before);
  if (json) {
    printJson({
      metric: "dataset",
      images: after.items.length,
      ...percentScores(later.scores, later.boundaries),
      ...(earlier === null ? {} : { before: percentScores(earlier.scores, earlier.boundaries) }),
      failures: after.failures,
    });
    return;
  }
  const stageOf = (name: string, { scores, boundaries }: typeof later) => ({
    name,
    scores,
    ...(boundaries === null ? {} : { boundaryF: boundaries.meanF }),
  });
  const stages =
    earlier === null ? [stageOf("scores", later)] : [stageOf("before", earlier), stageOf("after", later)];
  process.stdout.write(`${formatCount(after.items.length, "image")}\n${formatScores(stages)}\n`);
}

async function printOriginal(
  before: Evaluation | null,
  after: Evaluation,
  { json, csv }: EvaluateOptions,
): Promise<void> {
  const { originalCsvText, originalImages } = await import("../run/original-summary.ts");
  if (csv !== undefined && before !== null) {
    const { writeAtomically } = await import("../run/files.ts");
    writeAtomically(csv, originalCsvText(before, after));
  }
  const images = originalImages(after);
  if (json) {
    printJson({ metric: "original", images, ...(before === null ? {} : { before: originalImages(before) }) });
    return;
  }
  const rows = images.map(({ name, miou, precision, recall }) =>
    [name, miou, precision, recall].map((v) => v ?? "nan").join("\t"),
  );
  process.stdout.write(`${["name\tmIoU (running)\tprecision\trecall", ...rows].join("\n")}\n`);
}
