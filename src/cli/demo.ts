import { resolve } from "node:path";
import { Command } from "commander";
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
      "Draw scenes, refine rough labels of them, score them and write a report: no data, no download.",
    )
    .option("-o, --out <dir>", "folder for scenes, refined labels and report", "maskwright-demo")
    .option("--scenes <n>", "how many scenes to draw", wholeNumber, 40)
    .option("--seed <n>", "which scenes to draw", wholeNumber, 7)
    .option("--workers <n>", "threads (default: one for each core)", wholeNumber)
    .option("--json", "print one JSON object on standard output, events on standard error");
  addExamples(command, ["maskwright demo", "maskwright demo --scenes 100 --seed 3 -o /tmp/demo"]);
  return command.action(async (options: DemoOptions) => {
    const { demo } = await import("../run/demo.ts");
    await withSession(options, async (context) => {
      const { out, scenes, seed } = options;
      const report = await demo({ out, sceneCount: scenes, seed, commandLine: commandLine() }, context);
      if (options.json) printJson(report);
      else if (report.scores !== null) {
        const { formatScores } = await import("../run/report/score-table.ts");
        const { before, after } = report.scores;
        const table = formatScores([
          { name: "before", scores: before },
          { name: "after", scores: after },
        ]);
        process.stdout.write(
          `\n${table}\n\nSynthetic scenes. Look at ${resolve(out, "refined/report.html")}\n`,
        );
      }
      return true;
    });
  });
}
