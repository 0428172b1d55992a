import { Command } from "commander";
import { formatCount } from "../core/count.ts";
import { addDeviceOption, addPrecisionOption, computing, type ModelOptions } from "./mask-options.ts";
import { addExamples, addWorkOptions, classesOption, count, selectionOf } from "./options.ts";
import { type CommonOptions, printJson, withSession } from "./session.ts";

interface TrainPromptsOptions extends CommonOptions, Pick<ModelOptions, "precision" | "device"> {
  readonly out: string;
  readonly tags: string;
  readonly classes: string;
  readonly clip?: string;
  readonly texts?: string;
  readonly seeds?: string;
  readonly recipe: string;
  readonly seed: number;
}

/** `maskwright train prompts IMAGES --tags FILE [--seeds DIR] -o DIR` */
export function trainPromptsCommand(): Command {
  const command = new Command("prompts")
    .description("Learn the contexts of CLIP's texts from tagged photos, or from their seeds (FMA-WSSS).")
    .argument("<images>", "folder of photos")
    .requiredOption("-o, --out <dir>", "run directory; what `cam --contexts` takes, and DIR/report.html")
    .requiredOption("--tags <file>", "CSV (file,tags with ; between tags) or JSON ({ file: [class, …] })")
    .addOption(classesOption().default("voc"))
    .option("--clip <name>", "which, as `models list` has it (default: clip-vit-b-16)")
    .option("--texts <file>", "JSON with what classes and background are called, { classes, background }")
    .option(
      "--seeds <dir>",
      "learn segmentation contexts from these label maps, or a run of `seed`; without it classification contexts from tags",
    )
    .option(
      "--recipe <name>",
      "how contexts are laid out and trained: voc, coco, scenes (for toy-clip), or a JSON file",
      "voc",
    )
    .option("--seed <n>", "of the batches", count, 1);
  addDeviceOption(addPrecisionOption(command));
  addWorkOptions(command);
  addExamples(command, [
    "maskwright train prompts photos --tags tags.csv -o runs/classification",
    "maskwright train prompts photos --tags tags.csv --recipe short.json -o runs/short",
    "maskwright train prompts photos --tags tags.csv --seeds runs/coarse -o runs/segmentation",
  ]);
  return command.action((images: string, options: TrainPromptsOptions) => runTrainPrompts(images, options));
}

async function runTrainPrompts(images: string, options: TrainPromptsOptions): Promise<void> {
  const { out, tags, seeds = null, seed, clip, texts = null, workers = null } = options;
  // CLIP computes in a thread of its own.
  await withSession({ ...options, workers: 1 }, async (context) => {
    const [{ learnContexts }, { chooseTexts, locateClip }, { readFmaRecipe }, { classList }, { readTags }] =
      await Promise.all([
        import("../run/train-prompts.ts"),
        import("../run/cams/choose-cam-source.ts"),
        import("../run/seeds/seed-recipe.ts"),
        import("../data/class-list.ts"),
        import("../data/weak-labels.ts"),
      ]);
    const classes = await classList(options.classes);
    const recipe = await readFmaRecipe(options.recipe);
    const report = await learnContexts(
      {
        ...{ images, out, classes, seeds, seed },
        tags: { path: tags, labels: await readTags(tags, classes.classes) },
        texts: await chooseTexts(texts, classes),
        recipe: seeds === null ? recipe.classification : recipe.segmentation,
        clip: locateClip({ ...(clip !== undefined && { clip }), ...computing(options), threads: workers }),
        ...selectionOf(options),
      },
      context,
    );
    if (options.json) printJson(report);
    else {
      const loss = report.loss === null ? "" : `: loss ${report.loss.toPrecision(4)}`;
      const what = `${formatCount(report.images, "image")}, ${formatCount(report.steps, "step")}`;
      process.stdout.write(`${what}${loss}; ${out}/texts.safetensors\n`);
    }
    return report.failures.length === 0;
  });
}
