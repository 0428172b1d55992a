import { Command, Option } from "commander";
import { formatCount } from "../core/count.ts";
import { addGeneratorOptions, type GeneratorOptions, generatorChoice } from "./generator-options.ts";
import { checkModelOptions } from "./mask-checks.ts";
import { addModelOptions, type ModelOptions, sourceChoice } from "./mask-options.ts";
import { addExamples, addWorkOptions, selectionOf, wholeNumber } from "./options.ts";
import { printEstimate, printJson, withSession } from "./session.ts";

interface ProposeOptions extends ModelOptions, GeneratorOptions {
  readonly out: string;
  readonly max?: number;
  readonly compat?: "original";
  readonly overlay?: boolean;
  readonly dryRun?: boolean;
}

/** `maskwright propose IMAGES -o DIR` */
export function proposeCommand(): Command {
  const command = new Command("propose")
    .description("Propose class-agnostic masks for every photo of a folder.")
    .argument("<images>", "folder of photos")
    .requiredOption("-o, --out <dir>", "run directory; proposals go to DIR/proposals/<id>.json");
  addModelOptions(command);
  command.option(
    "--max <n>",
    "with regions: keep at most n proposals an image, the best ones (default: 300)",
    wholeNumber,
  );
  addGeneratorOptions(command);
  command.addOption(
    new Option("--compat <with>", "original: write boxes as SAM does, one pixel short").choices(["original"]),
  );
  command.option("--dry-run", "say what it would take, and write nothing");
  command.option("--overlay", "also draw the masks over the photos, in DIR/overlay");
  addWorkOptions(command);
  addExamples(command, [
    "maskwright propose photos -o runs/regions",
    "maskwright propose photos -o runs/regions --max 100 --ids train.txt",
    "maskwright propose photos -o runs/regions      # again: goes on where it stopped",
    "maskwright propose photos -o runs/sam --model mobile-sam",
    "maskwright propose photos -o runs/fma --model sam-vit-h --generator fma --device cuda",
  ]);
  return command.action((images: string, options: ProposeOptions) => runPropose(images, options));
}

async function runPropose(images: string, options: ProposeOptions): Promise<void> {
  const { out, max, compat, overlay = false } = options;
  checkModelOptions(options);
  await withSession(options, async (context) => {
    const [{ estimatePropose, propose }, { chooseProposer }] = await Promise.all([
      import("../run/propose.ts"),
      import("../run/masks/choose-source.ts"),
    ]);
    const proposer = await chooseProposer({
      ...(await sourceChoice(options)),
      maxProposals: max ?? null,
      generator: await generatorChoice(options),
    });
    const request = { images, out, proposer, overlay, ...(compat && { compat }), ...selectionOf(options) };
    if (options.dryRun) return await printEstimate(await estimatePropose(request, context), options);
    const report = await propose(request, context);
    if (options.json) printJson(report);
    else {
      const mean = (report.proposals / report.images).toFixed(1);
      process.stdout.write(
        `${formatCount(report.images, "image")}, ${mean} proposals each, in ${options.out}/proposals\n`,
      );
    }
    return report.failures.length === 0;
  });
}
