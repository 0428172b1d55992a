import { Command, Option } from "commander";
import { MaskwrightError } from "../core/error.ts";
import type { RecipeAnswers } from "../run/recipes/write-recipe.ts";
import type { GivenAnswers } from "./init-questions.ts";
import { addExamples } from "./options.ts";

interface InitOptions extends Omit<GivenAnswers, "recipe"> {
  readonly recipe?: string;
}

/** `maskwright init [FILE]` */
export function initCommand(): Command {
  const command = new Command("init")
    .description(
      "Ask what you have, and write a recipe for `maskwright run`; or write it without questions, by flags.",
    )
    .argument("[file]", "YAML file to write; one that is there is kept", "maskwright.yaml")
    .addOption(
      new Option("--recipe <name>", "the recipe to begin with: what you have").choices([
        ...["tags", "boxes", "points", "parts", "sepl"],
        ...["offline", "fma-voc", "fma-coco", "wps-partimagenet"],
      ]),
    )
    .option("--images <dir>", "folder of photos")
    .option("--labels <path>", "tags, boxes, points, parts, or label maps: whatever the recipe is for")
    .option("--classes <list>", "voc, coco, a file with one name a line, or names with commas")
    .option("--truth <path>", "ground truth, to score every stage with")
    .option("--model <name>", "where masks come from: regions, or a model of `maskwright models list`")
    .addOption(new Option("--machine <size>", "what it will run on").choices(["laptop", "gpu"]));
  addExamples(command, [
    "maskwright init",
    "maskwright init cats.yaml --recipe tags --images photos --labels tags.csv --classes cat,dog",
    "maskwright init parts.yaml --recipe parts --images cars --labels parts.csv --model sam-vit-h --machine gpu",
  ]);
  return command.action((file: string, options: InitOptions) => runInit(file, options));
}

async function runInit(file: string, options: InitOptions): Promise<void> {
  const { writeRecipe } = await import("../run/recipes/write-recipe.ts");
  const isAsked = process.stdin.isTTY === true && !isComplete(options);
  const { askAnswers, classNames, closeQuestions } = await import("./init-questions.ts");
  const answers = isAsked ? await askAnswers(options) : withDefaults(options, classNames);
  await writeRecipe(file, answers);
  const next = await nextSteps(file);
  if (isAsked) closeQuestions(file, next);
  else process.stdout.write(`${[`${file} is written`, ...next].join("\n")}\n`);
}

/** Whether all is said that has no sensible default. */
function isComplete({ recipe, images, labels }: InitOptions): boolean {
  return recipe !== undefined && images !== undefined && labels !== undefined;
}

function withDefaults(
  { recipe, images, labels, classes, truth, model, machine = "laptop" }: InitOptions,
  classNames: (text: string) => string | readonly string[],
): RecipeAnswers {
  if (recipe === undefined || images === undefined || labels === undefined) {
    const missing = Object.entries({ recipe, images, labels }).flatMap(([key, value]) =>
      value === undefined ? [`--${key}`] : [],
    );
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `init: expected a terminal to ask on, or ${missing.join(", ")}, got neither`,
    );
  }
  return {
    ...{ recipe, images, labels, machine },
    truth: truth ?? null,
    model: model ?? null,
    classes: classes === undefined ? null : classNames(classes),
  };
}

/** What the recipe still lacks, and the command that runs it. */
async function nextSteps(file: string): Promise<string[]> {
  const [{ findRecipe }, { readRecipe }, { checkInputs }] = await Promise.all([
    import("../run/recipes/shipped-recipes.ts"),
    import("../run/recipes/read-recipe.ts"),
    import("../run/recipes/check-inputs.ts"),
  ]);
  const run = `maskwright run ${file} -o runs/${file.replace(/^.*[/\\]/, "").replace(/\.ya?ml$/i, "")}`;
  try {
    checkInputs(readRecipe(await findRecipe(file)), file);
    return [run];
  } catch (error) {
    if (!(error instanceof MaskwrightError)) throw error;
    return [error.message, run];
  }
}
