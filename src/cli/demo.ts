import { join } from "node:path";
import { Command } from "commander";
import type { DemoReport } from "../run/demo.ts";
import { addExamples, wholeNumber } from "./options.ts";
import { type CommonOptions, commandLine, printJson, withSession } from "./session.ts";

interface DemoOptions extends CommonOptions {
  readonly out: string;
  readonly scenes: number;
  readonly seed: number;
}

/** `maskwright demo` */
export function demoCommand(): Command {
  const command = new Command("demo")
    .description(
      "Draw scenes and run all three methods on them, up to a trained segmenter: no data, no download, two minutes.",
    )
    .option("-o, --out <dir>", "folder for scenes, runs and their reports", "maskwright-demo")
    .option("--scenes <n>", "how many scenes to draw", wholeNumber, 40)
    .option("--seed <n>", "which scenes to draw", wholeNumber, 7)
    .option("--workers <n>", "threads (default: one for each core)", wholeNumber)
    .option("--json", "print one JSON object on standard output, events on standard error");
  addExamples(command, ["maskwright demo", "maskwright demo --scenes 100 --seed 3 -o /tmp/demo"]);
  return command.action(async (options: DemoOptions) => {
    const { demo } = await import("../run/demo.ts");
    await withSession(options, async (context) => {
      const { out, scenes: sceneCount, seed, workers: threads = null } = options;
      const report = await demo({ out, sceneCount, seed, threads, commandLine: commandLine() }, context);
      if (options.json) printJson(report);
      else process.stdout.write(await describeDemo(report, out));
      return true;
    });
  });
}

async function describeDemo({ sepl, tags, boxes, parts }: DemoReport, out: string): Promise<string> {
  const { formatFigures, formatScores } = await import("../run/report/score-table.ts");
  const figures = ({ stages }: DemoReport["parts"]): string[] =>
    stages.flatMap((stage) => stage.figures.map(({ name, value }) => `  ${name}: ${value}`));
  return [
    "",
    "Rough labels refined (SEPL)",
    formatScores(sepl.scores),
    "",
    "Labels made of tags (FMA-WSSS), and a segmenter trained on them",
    formatScores(tags.scores),
    ...(tags.unseen.length === 0
      ? []
      : ["", "The scenes that it was not trained on", formatScores(tags.unseen)]),
    "",
    "Parts masked from their boxes (sam-tiny)",
    formatFigures(boxes.scores),
    "",
    "Parts of the first scenes, found again after learning them by heart from boxes (WPS-SAM)",
    formatFigures(parts.scores),
    ...figures(parts),
    "",
    `Synthetic scenes. Look at ${["sepl", "tags", "boxes", "parts"].map((name) => join(out, name, "report.html")).join(", ")}`,
    "",
  ].join("\n");
}
