import { Command, Option } from "commander";
import { formatCount } from "../core/count.ts";
import { MaskwrightError } from "../core/error.ts";
import type { PartSourceChoice } from "../run/parts/part-source.ts";
import type { PrompterRecipe, PrompterRecipeName } from "../run/parts/prompter-recipe.ts";
import type { ValidationChoice } from "../run/segmenter/training-data.ts";
import { addComputeOptions, type ModelOptions, sourceChoice } from "./mask-options.ts";
import {
  addExamples,
  addWorkOptions,
  count,
  fraction,
  positiveNumber,
  selectionOf,
  wholeNumber,
} from "./options.ts";
import { printJson, withSession } from "./session.ts";

interface TrainPrompterOptions extends ModelOptions, PartSourceChoice {
  readonly model: string;
  readonly out: string;
  readonly recipe: PrompterRecipeName;
  readonly classes?: string;
  readonly queries?: number;
  readonly layers?: number;
  readonly width?: number;
  readonly epochs?: number;
  readonly batch?: number;
  readonly rate?: number;
  readonly schedule?: "cosine" | "original";
  readonly classWeight?: number;
  readonly tokenWeight?: number;
  readonly val?: number;
  readonly valIds?: string;
  readonly augment: number;
  readonly seed: number;
  readonly checkpointEvery: number;
  readonly cachePrecision: "fp32" | "fp16";
}

/** `maskwright train prompter IMAGES --boxes FILE | --points FILE | --parts FILE --model NAME -o DIR` */
export function trainPrompterCommand(): Command {
  const command = new Command("prompter")
    .description(
      "Learn from boxes or points of parts to find, name and mask the parts of new photos (WPS-SAM).",
    )
    .argument("<images>", "folder of photos")
    .requiredOption("-o, --out <dir>", "run directory; DIR/checkpoint.safetensors, report.html, val.txt")
    .option("--boxes <file>", "CSV (file,class,x0,y0,x1,y1), COCO JSON, or a folder of VOC XML")
    .option("--points <file>", "CSV (file,class,x,y[,positive][,object])")
    .option("--parts <file>", "COCO JSON of parts: their boxes, or where there is none, those of their masks")
    .option("--centers", "teach the centers of the boxes alone, as the published point supervision")
    .option(
      "--classes <list>",
      "partimagenet, or a file with one class name a line (default: the names in the file)",
    )
    .requiredOption(
      "--model <name>",
      "whose masks: sam-vit-b, sam-vit-l, sam-vit-h, mobile-sam, sam-tiny, efficient-sam-ti or efficient-sam-s",
    )
    .addOption(
      new Option("--recipe <name>", "parts: for a few hundred photos, 100 epochs; partimagenet: 15 epochs")
        .choices(["parts", "partimagenet"])
        .default("parts"),
    )
    .option("--queries <n>", "parts that can be found in a photo (default: 25)", wholeNumber)
    .option("--layers <n>", "layers of the encoder and of the decoder each (default: 6)", wholeNumber)
    .option("--width <n>", "width of the network, a multiple of 8 (default: 256)", wholeNumber)
    .option("--epochs <n>", "times that each photo is seen (default: the recipe's)", wholeNumber)
    .option("--batch <n>", "photos of a step (default: 8)", wholeNumber)
    .option("--rate <x>", "learning rate (default: 0.0001)", positiveNumber)
    .addOption(
      new Option(
        "--schedule <name>",
        "of the learning rate: cosine, down to 0 at the end (default), or original, as published",
      ).choices(["cosine", "original"]),
    )
    .option("--class-weight <x>", "weight of the loss of classes (default: 5)", positiveNumber)
    .option("--token-weight <x>", "weight of the loss of prompts (default: 20)", positiveNumber)
    .addOption(
      new Option(
        "--val <fraction>",
        "keep this share of the photos out of the training, listed in DIR/val.txt (default: 0.2)",
      )
        .argParser(fraction)
        .conflicts("valIds"),
    )
    .option("--val-ids <file>", "keep these photos out of the training, one id a line")
    .option("--augment <n>", "also learn from n changed versions of each photo", count, 0)
    .option("--seed <n>", "what chance begins with", count, 0)
    .option("--checkpoint-every <n>", "steps after which the work so far is saved", wholeNumber, 200);
  addComputeOptions(command).addOption(
    new Option("--cache-precision <name>", "what embeddings are kept in; fp16 takes half the room")
      .choices(["fp32", "fp16"])
      .default("fp32"),
  );
  addWorkOptions(command);
  addExamples(command, [
    "maskwright train prompter photos --boxes parts.csv --model mobile-sam -o runs/parts",
    "maskwright train prompter photos --parts parts.json --model sam-vit-b --val 0 -o runs/all",
    "maskwright train prompter train --parts train.json --model sam-vit-b --recipe partimagenet -o runs/pin",
    "maskwright train prompter photos --points points.csv --classes parts.txt --model mobile-sam -o runs/points",
    "maskwright train prompter photos --boxes Annotations --val-ids val.txt --model sam-tiny -o runs/voc",
  ]);
  return command.action((images: string, options: TrainPrompterOptions) => runTrainPrompter(images, options));
}

async function runTrainPrompter(images: string, options: TrainPrompterOptions): Promise<void> {
  const { out, augment: versions, seed, checkpointEvery } = options;
  checkSource(options);
  // The networks compute in threads of their own.
  await withSession({ ...options, workers: 1 }, async (context) => {
    const [{ trainPrompter }, { chooseTeacher }, { prompterRecipes }, { openPartSource }] = await Promise.all(
      [
        import("../run/train-prompter.ts"),
        import("../run/parts/teacher-model.ts"),
        import("../run/parts/prompter-recipe.ts"),
        import("../run/parts/part-source.ts"),
      ],
    );
    const model = await chooseTeacher(await sourceChoice(options));
    const { source, supervision } = await openPartSource(options);
    if (source.leftOut !== null) context.progress.warn(`${source.path}: left out ${source.leftOut}`);
    const report = await trainPrompter(
      {
        ...{ images, source, supervision, out, model },
        cachePrecision: options.cachePrecision === "fp16" ? "float16" : "float32",
        recipe: recipeOf(prompterRecipes[options.recipe], options),
        validation: await validationOf(options),
        ...{ versions, seed, checkpointEvery },
        ...selectionOf(options),
      },
      context,
    );
    if (options.json) printJson(report);
    else {
      const { loss, recall, "val loss": valLoss, "val recall": valRecall } = report.last;
      const held =
        valLoss === undefined ? "" : `, kept out ${valLoss.toPrecision(4)} and ${valRecall.toPrecision(3)}`;
      process.stdout.write(
        `${formatCount(report.images, "image")}, ${formatCount(report.parts, "part")}, ${formatCount(report.steps, "step")}: loss ${loss.toPrecision(4)}, recall ${recall.toPrecision(3)}${held}; ${out}/checkpoint.safetensors\n`,
      );
    }
    return report.failures.length === 0;
  });
}

const sources = ["boxes", "points", "parts"] as const;

function checkSource(options: TrainPrompterOptions): void {
  const given = sources.filter((name) => options[name] !== undefined);
  if (given.length !== 1) {
    const got = given.length === 0 ? "none" : given.map((name) => `--${name}`).join(" and ");
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `train prompter: expected one of --boxes, --points and --parts, got ${got}`,
    );
  }
  if (options.centers === true && given[0] === "points")
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      "train prompter: --centers: expected boxes to take the centers of, got --points",
    );
}

async function validationOf({ val = 0.2, valIds }: TrainPrompterOptions): Promise<ValidationChoice> {
  if (valIds === undefined) return { kind: "share", share: val };
  const { readIdList } = await import("../data/id-list.ts");
  return { kind: "ids", ids: await readIdList(valIds) };
}

function recipeOf(recipe: PrompterRecipe, options: TrainPrompterOptions): PrompterRecipe {
  const { losses } = recipe;
  const {
    queries = recipe.queries,
    layers = recipe.layers,
    width = recipe.width,
    epochs = recipe.epochs,
    batch = recipe.batch,
    rate = recipe.rate,
    schedule = recipe.schedule,
    classWeight = losses.class,
    tokenWeight = losses.token,
  } = options;
  return {
    ...recipe,
    ...{ queries, layers, width, epochs, batch, rate, schedule },
    losses: { class: classWeight, token: tokenWeight },
  };
}
