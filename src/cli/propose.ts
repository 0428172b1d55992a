import { Command, Option } from "commander";
import { countImages } from "../run/command.ts";
import { addExamples, addWorkOptions, wholeNumber } from "./options.ts";
import type { CommonOptions } from "./session.ts";
import { printEstimate, printJson, withSession } from "./session.ts";

interface ProposeOptions extends CommonOptions {
  readonly model: "regions";
  readonly out: string;
  readonly max: number;
  readonly overlay?: boolean;
  readonly dryRun?: boolean;
}

/** `maskwright propose IMAGES -o DIR` */
export function proposeCommand(): Command {
  const command = new Command("propose")
    .description("Propose class-agnostic masks for every photo of a folder.")
    .argument("<images>", "folder of photos")
    .requiredOption("-o, --out <dir>", "run directory; proposals go to DIR/proposals/<id>.json")
    .addOption(
      new Option("--model <name>", "where masks come from: regions needs no weights and no network")
        .choices(["regions"])
        .default("regions"),
    )
    .option("--max <n>", "keep at most n proposals an image, the best ones", wholeNumber, 300);
  command.option("--dry-run", "say what it would take, and write nothing");
  command.option("--overlay", "also draw the masks over the photos, in DIR/overlay");
  addWorkOptions(command);
  addExamples(command, [
    "maskwright propose photos -o runs/regions",
    "maskwright propose photos -o runs/regions --max 100 --ids train.txt",
    "maskwright propose photos -o runs/regions      # again: goes on where it stopped",
  ]);
  return command.action(async (images: string, options: ProposeOptions) => {
    const { estimatePropose, propose } = await import("../run/propose.ts");
    await withSession(options, async (context) => {
      const request = { ...options, images, maxProposals: options.max, overlay: options.overlay ?? false };
      if (options.dryRun) return await printEstimate(await estimatePropose(request, context), options);
      const report = await propose(request, context);
      if (options.json) printJson(report);
      else {
        const mean = (report.proposals / report.images).toFixed(1);
        process.stdout.write(
          `${countImages(report.images)}, ${mean} proposals each, in ${options.out}/proposals\n`,
        );
      }
      return report.failures.length === 0;
    });
  });
}
