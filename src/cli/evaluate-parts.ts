import { Command, Option } from "commander";
import { formatCount } from "../core/count.ts";
import { MaskwrightError } from "../core/error.ts";
import type { PartDataset } from "../data/part-dataset.ts";
import type { PartEvaluation } from "../run/evaluate-parts.ts";
import { addExamples, addWorkOptions, wholeNumber } from "./options.ts";
import { type CommonOptions, printJson, withSession } from "./session.ts";

interface EvaluatePartsOptions extends CommonOptions {
  readonly classes?: string;
  readonly metric: "dataset" | "original";
  readonly metricBatch?: number;
  readonly bound?: string;
}

/** `maskwright evaluate-parts PRED TRUTH` */
export function evaluatePartsCommand(): Command {
  const command = new Command("evaluate-parts")
    .description("Score found parts against ground truth: mIoU, mACC and AP of the data set, and each class.")
    .argument(
      "<pred>",
      "run of `predict`, COCO JSON with scores, or folder of part maps; its images are scored, or those of --ids, of which COCO JSON may leave out those without a part found",
    )
    .argument("<truth>", "COCO JSON of the true parts, with masks")
    .option("--classes <list>", "partimagenet, or a file with one class name a line (default: the truth's)")
    .addOption(
      new Option(
        "--metric <name>",
        "dataset: one confusion matrix, and AP; original: the published figures, which score rows of masks as pictures",
      )
        .choices(["dataset", "original"])
        .default("dataset"),
    )
    .option(
      "--metric-batch <n>",
      "with --metric original: pictures scored at a time, which changes its figures (default: 1)",
      wholeNumber,
    )
    .option(
      "--bound <pred>",
      "what the teacher makes of the true parts, a run of `predict --parts`, for scores of both",
    );
  addWorkOptions(command);
  addExamples(command, [
    "maskwright evaluate-parts runs/parts parts.json",
    "maskwright evaluate-parts runs/parts parts.json --ids runs/prompter/val.txt --bound runs/bound",
    "maskwright evaluate-parts runs/parts/instances.json val.json --classes partimagenet --json",
    "maskwright evaluate-parts runs/parts val.json --metric original",
  ]);
  return command.action((pred: string, truth: string, options: EvaluatePartsOptions) =>
    runEvaluateParts(pred, truth, options),
  );
}

async function runEvaluateParts(pred: string, path: string, options: EvaluatePartsOptions): Promise<void> {
  const { metric, metricBatch, bound } = options;
  if (metricBatch !== undefined && metric !== "original")
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `evaluate-parts: --metric-batch: expected --metric original beside it, got --metric ${metric}`,
    );
  await withSession(options, async (context) => {
    const [
      { evaluatePartPredictions },
      { openPredictedParts },
      { checkSomeFinished },
      { chooseScored },
      { classList },
      { readParts },
    ] = await Promise.all([
      import("../run/evaluate-parts.ts"),
      import("../run/parts/predicted-parts.ts"),
      import("../run/command.ts"),
      import("../run/parts/scored-pictures.ts"),
      import("../data/class-list.ts"),
      import("../data/part-dataset.ts"),
    ]);
    const list = options.classes === undefined ? undefined : (await classList(options.classes)).classes;
    const truth = await readParts(path, list);
    const source = await openPredictedParts(pred, truth);
    const { ids, pred: found } = await chooseScored(source, truth, path, options, context.progress);
    const originalBatch = metric === "original" ? (metricBatch ?? 1) : null;
    const request = { truth, path, ids, originalBatch };
    const evaluation = await evaluatePartPredictions({ ...request, pred: found }, context);
    checkSomeFinished("evaluate-parts", evaluation.images, evaluation.failures);
    const best =
      bound === undefined
        ? null
        : await evaluatePartPredictions(
            { ...request, pred: await openPredictedParts(bound, truth) },
            context,
          );
    if (metric === "original") await printOriginal(evaluation, best, options);
    else await printScores(evaluation, best, truth, options);
    return evaluation.failures.length === 0 && (best?.failures.length ?? 0) === 0;
  });
}

async function printScores(
  found: PartEvaluation,
  bound: PartEvaluation | null,
  { classes, objects }: PartDataset,
  { json }: EvaluatePartsOptions,
): Promise<void> {
  const [{ averagePrecision }, { partScores }, { formatPartScores, percentPartScores }] = await Promise.all([
    import("../core/average-precision.ts"),
    import("../core/part-metric.ts"),
    import("../run/report/part-table.ts"),
  ]);
  const stageOf = (name: string, { confusion, matches }: PartEvaluation) => ({
    name,
    scores: partScores(confusion, classes),
    objects,
    precision: matches && averagePrecision(matches, classes.length, classes),
  });
  const stage = stageOf("found", found);
  const best = bound && stageOf("bound", bound);
  if (json) {
    printJson({
      metric: "dataset",
      images: found.images,
      ...percentPartScores(stage),
      ...(best === null ? {} : { bound: percentPartScores(best) }),
      failures: found.failures,
    });
    return;
  }
  const table = formatPartScores(best === null ? [stage] : [stage, best]);
  process.stdout.write(`${formatCount(found.images, "image")}\n${table}\n`);
}

async function printOriginal(
  found: PartEvaluation,
  bound: PartEvaluation | null,
  { json, metricBatch = 1 }: EvaluatePartsOptions,
): Promise<void> {
  const [{ meanRows }, { percent }, { formatPercent }, { alignColumns }] = await Promise.all([
    import("../core/row-metric.ts"),
    import("../run/percent.ts"),
    import("../run/report/figures.ts"),
    import("../run/report/score-table.ts"),
  ]);
  const stages = [found, ...(bound === null ? [] : [bound])].map(({ rows }) => meanRows(rows));
  if (json) {
    const [first, best] = stages.map(({ iou, accuracy, f1 }) => ({
      iou: percent(iou),
      accuracy: percent(accuracy),
      f1: percent(f1),
    }));
    const { images, rows, failures } = found;
    const summary = { metric: "original", metricBatch, images, entries: rows.length, ...first };
    printJson({ ...summary, ...(best === undefined ? {} : { bound: best }), failures });
    return;
  }
  const names = { iou: "IoU", accuracy: "accuracy", f1: "F1" } as const;
  const rows = (["iou", "accuracy", "f1"] as const).map((key) => [
    `${names[key]} (rows)`,
    ...stages.map((stage) => formatPercent(stage[key])),
  ]);
  const heads = ["", "found", ...(bound === null ? [] : ["bound"])];
  const table = alignColumns([heads, ...rows]);
  process.stdout.write(`${formatCount(found.images, "image")}, ${metricBatch} at a time\n${table}\n`);
}
