import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { MaskwrightError } from "../core/error.ts";
import type { RecipeReport } from "../run/recipes/recipe-report.ts";
import type { Setting } from "../run/recipes/recipe-settings.ts";
import { addExamples, addWorkOptions, selectionOf } from "./options.ts";
import { type CommonOptions, commandLine, printJson, withSession } from "./session.ts";

interface RunOptions extends CommonOptions {
  readonly out?: string;
  readonly set: readonly Setting[];
  readonly dryRun?: boolean;
}

/** `maskwright run RECIPE` */
export function runCommand(): Command {
  const command = new Command("run")
    .description("Carry out a recipe: every stage from weak labels to a trained model, and one report.")
    .argument(
      "<recipe>",
      "a YAML file, or one of sepl, fma-voc, fma-coco, wps-partimagenet, tags, boxes, points, parts, offline",
    )
    .option(
      "-o, --out <dir>",
      "run directory (default: the recipe's); each stage has a folder in it, and DIR/report.html",
    )
    .option("--set <key=value>", "in place of what the recipe says; may be repeated", addSetting, [])
    .option("--dry-run", "say what would be done and what is missing, and write nothing");
  addWorkOptions(command);
  addExamples(command, [
    "maskwright run recipe.yaml -o runs/cats",
    "maskwright run recipe.yaml -o runs/cats      # again: goes on where it stopped",
    "maskwright run tags --set images=photos --set tags=tags.csv --set classes=[cat,dog] -o runs/tags",
    "maskwright run offline --set boxes=instances.json --set model=mobile-sam --dry-run -o runs/boxes",
  ]);
  return command.action((recipe: string, options: RunOptions) => runRun(recipe, options));
}

function addSetting(text: string, before: readonly Setting[]): readonly Setting[] {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Expected key=value.");
  return [...before, { key: text.slice(0, at), value: text.slice(at + 1) }];
}

async function runRun(source: string, options: RunOptions): Promise<void> {
  const [{ findRecipe }, { readRecipe }, { checkInputs }] = await Promise.all([
    import("../run/recipes/shipped-recipes.ts"),
    import("../run/recipes/read-recipe.ts"),
    import("../run/recipes/check-inputs.ts"),
  ]);
  const text = await findRecipe(source);
  const { ids, ...selection } = selectionOf(options);
  const recipe = {
    ...readRecipe(text, options.set),
    ...selection,
    ...(ids !== undefined && { ids: resolve(ids) }),
  };
  checkInputs(recipe, text.name);
  const out = options.out ?? recipe.out;
  if (out === undefined)
    throw new MaskwrightError("INVALID_ARGUMENT", `${text.name}: expected a folder for the run, got none`, {
      hint: "-o DIR",
    });
  const threads = options.workers === undefined ? {} : { threads: options.workers };
  const run = { name: source, out, commandLine: commandLine(), ...threads };
  await withSession(options, async (context) => {
    if (options.dryRun) {
      const { describePlan, formatPlan } = await import("../run/recipes/describe-plan.ts");
      const plan = await describePlan(recipe, run, context);
      if (options.json) printJson(plan);
      else process.stdout.write(`${formatPlan(plan)}\n`);
      return true;
    }
    const { runRecipe } = await import("../run/recipes/run-recipe.ts");
    const report = await runRecipe(recipe, run, context);
    if (options.json) printJson(report);
    else process.stdout.write(await describeReport(report, out));
    return report.failures.length === 0;
  });
}

async function describeReport(report: RecipeReport, out: string): Promise<string> {
  const lines = report.stages.flatMap(({ folder, figures }) =>
    figures.map(({ name, value }) => `${folder}: ${name} ${value}`),
  );
  if (report.scores.length > 0) {
    const { formatScores } = await import("../run/report/score-table.ts");
    const images = Math.min(...report.scores.map((layer) => layer.images));
    lines.push("", `${images} photos with truth`, formatScores(report.scores));
  }
  return `${[...lines, "", `report: ${out}/report.html`].join("\n")}\n`;
}
