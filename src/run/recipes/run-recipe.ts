import { join } from "node:path";
import { stringify } from "yaml";
import { fingerprint } from "../artifact-key.ts";
import { secondsSince, writeReport } from "../command.ts";
import { writeAtomically } from "../files.ts";
import { openLabels } from "../label-input.ts";
import { inRunDirectory } from "../run-directory.ts";
import type { WorkContext } from "../stage.ts";
import { runtimeVersions, version } from "../version.ts";
import { recipeInputs } from "./check-inputs.ts";
import { planRecipe } from "./plan-recipe.ts";
import type { Recipe } from "./recipe.ts";
import { type RecipeModels, storedModels } from "./recipe-models.ts";
import { writeRecipePage } from "./recipe-page.ts";
import type { RecipeReport } from "./recipe-report.ts";
import { runStages, toScored } from "./run-stages.ts";

export interface RunRecipeOptions {
  /** What the recipe is called in its report. */
  readonly name: string;
  readonly out: string;
  /** For the report's page: how to repeat the run. */
  readonly commandLine: string;
  /** What to know before believing the figures, such as that photos were drawn. */
  readonly notes?: readonly string[];
  /** Threads of models; default one for each core. */
  readonly threads?: number;
  /** Default those that are here. */
  readonly models?: RecipeModels;
}

/**
 * Carries out a recipe: its stages in their order, each in a folder of its own (`OUT/01-masks`, …), then `OUT/report.json` and one
 * `OUT/report.html` of them all. What is finished is kept, so a run that was stopped goes on where it was, and ends with the same bytes.
 *
 * @throws MaskwrightError before anything is written for what is missing or malformed; ABORTED when the signal fires
 */
export async function runRecipe(
  recipe: Recipe,
  { name, out, commandLine, notes = [], threads, models = storedModels }: RunRecipeOptions,
  context: WorkContext,
): Promise<RecipeReport> {
  const startMs = performance.now();
  const plan = await planRecipe(recipe, out, { models, threads: threads ?? null, context });
  const { options, inputs } = describe(recipe);
  const truth = recipe.truth === undefined || recipe.method === "parts" ? null : openLabels(recipe.truth);
  return await inRunDirectory(out, { command: "run", options, inputs }, async (run) => {
    writeAtomically(join(out, "recipe.yaml"), stringify({ ...recipe, out: undefined }));
    const made = await runStages(plan, { commandLine, truth }, run, context);
    const { stages, failures, ids, judged, unseen } = made;
    const report: RecipeReport = {
      command: "run",
      maskwright: version,
      versions: runtimeVersions(),
      method: recipe.method,
      options: { ...options, ...inputs },
      images: ids.length,
      stages,
      scores: judged.map(toScored),
      unseen,
      failures,
      fingerprint: fingerprint(stages.map((stage) => stage.fingerprint)),
      timing: { seconds: secondsSince(startMs) },
    };
    writeReport(out, report);
    const shown = plan.shown ?? ids;
    const page = {
      ...made,
      ...plan,
      ids: shown,
      report,
      truth,
      title: `Recipe: ${name}`,
      notes,
      commandLine,
    };
    await writeRecipePage(join(out, "report.html"), page, context);
    return report;
  });
}

/** What decides the result: everything but where it goes, and which of the photos. */
function describe(recipe: Recipe): {
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, string>>;
} {
  const { out: _, ids: __, limit: ___, ...options } = recipe;
  const inputs = recipeInputs(recipe).filter(({ key }) => key !== "ids");
  return { options, inputs: Object.fromEntries(inputs.map(({ key, path }) => [key, path])) };
}
