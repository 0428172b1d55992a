import { Command } from "commander";
import { formatCount } from "../core/count.ts";
import { addExamples, count, wholeNumber } from "./options.ts";
import { printJson, withSession } from "./session.ts";

interface TrainToyClipOptions {
  readonly out: string;
  readonly steps: number;
  readonly scenes: number;
  readonly seed: number;
  readonly checkpointEvery: number;
  readonly threads: number;
  readonly json?: boolean;
}

/** `maskwright train toy-clip -o DIR` */
export function trainToyClipCommand(): Command {
  const command = new Command("toy-clip")
    .description("Make toy-clip again: a small CLIP that learns from drawn scenes and their captions.")
    .requiredOption(
      "-o, --out <dir>",
      "run directory; DIR/weights.safetensors, objects/ and scenes/ with report.html",
    )
    .option("--steps <n>", "updates", wholeNumber, 1900)
    .option("--scenes <n>", "scenes to learn from; 0.1 MB of memory each", wholeNumber, 2000)
    .option("--seed <n>", "what chance begins with", count, 1)
    .option("--checkpoint-every <n>", "steps after which the work so far is saved", wholeNumber, 200)
    .option("--threads <n>", "threads that compute; one more draws scenes", wholeNumber, 1)
    .option("--json", "print one JSON object on standard output, events on standard error");
  addExamples(command, [
    "maskwright train toy-clip -o runs/toy-clip",
    "maskwright train toy-clip --seed 2 --steps 1000 --threads 4 -o runs/toy-clip-2",
  ]);
  return command.action((options: TrainToyClipOptions) => runTrainToyClip(options));
}

async function runTrainToyClip({ json = false, ...request }: TrainToyClipOptions): Promise<void> {
  await withSession({ json, workers: 1 }, async (context) => {
    const { trainToyClip } = await import("../run/train-toy-clip.ts");
    const report = await trainToyClip(request, context);
    if (json) printJson(report);
    else {
      const { loss } = report.last;
      process.stdout.write(
        `${formatCount(report.images, "scene")}, ${formatCount(report.steps, "step")}: loss ${loss.toPrecision(4)}; ${request.out}/weights.safetensors\n`,
      );
    }
    return true;
  });
}
