import { Command, Option } from "commander";
import { formatCount } from "../core/count.ts";
import { MaskwrightError } from "../core/error.ts";
import type { AffinityRequest } from "../run/affinity.ts";
import { addExamples, addWorkOptions, selectionOf } from "./options.ts";
import { addRecipeOptions, type RecipeOptions } from "./recipe-options.ts";
import { type CommonOptions, printJson, withSession } from "./session.ts";

interface AffinityOptions extends CommonOptions, RecipeOptions {
  readonly out: string;
  readonly attention?: string;
  readonly camKeysFrom: "0" | "1";
}

/** `maskwright affinity CAMS -o DIR` */
export function affinityCommand(): Command {
  const command = new Command("affinity")
    .description("Spread CAMs over positions that resemble each other (FMA-WSSS, CLIP-ES).")
    .argument("<cams>", "a run of `cam --attention`, or a folder of CAMs (npy, npz, safetensors)")
    .requiredOption("-o, --out <dir>", "run directory; refined CAMs go to DIR/refined/<id>.safetensors")
    .option(
      "--attention <dir>",
      "folder of <id>.safetensors with attention [N, N] over the CAM's N positions (default: the run's own)",
    )
    .addOption(
      new Option("--cam-keys-from <n>", "number of the first class after the background in the CAMs' keys")
        .choices(["0", "1"])
        .default("0"),
    );
  addRecipeOptions(command, "how maps are spread");
  addWorkOptions(command);
  addExamples(command, [
    "maskwright affinity runs/cam -o runs/affinity",
    "maskwright affinity runs/cam --recipe voc --round fine -o runs/affinity",
    "maskwright affinity cams --attention attention --recipe recipe.json -o runs/affinity",
  ]);
  return command.action((cams: string, options: AffinityOptions) => runAffinity(cams, options));
}

async function runAffinity(path: string, options: AffinityOptions): Promise<void> {
  const { out } = options;
  await withSession(options, async (context) => {
    const { refineCams } = await import("../run/affinity.ts");
    const report = await refineCams(
      { ...(await chosen(path, options)), out, ...selectionOf(options) },
      context,
    );
    if (options.json) printJson(report);
    else {
      const what = `${formatCount(report.images, "image")}, ${formatCount(report.maps, "map")}`;
      process.stdout.write(`${what}: ${out}/refined\n`);
    }
    return report.failures.length === 0;
  });
}

/** CAMs, attention and how the two meet. */
async function chosen(
  path: string,
  { recipe, round, camKeysFrom, attention }: AffinityOptions,
): Promise<Pick<AffinityRequest, "cams" | "attention" | "affinity">> {
  const [{ openCams }, { readSeedRecipe }] = await Promise.all([
    import("../run/seeds/cam-origin.ts"),
    import("../run/seeds/seed-recipe.ts"),
  ]);
  const cams = openCams(path, camKeysFrom === "0" ? 0 : 1, round);
  const folder = attention ?? cams.attention;
  if (folder === null)
    throw new MaskwrightError("INVALID_ARGUMENT", `${path}: expected attention beside the CAMs, got none`, {
      hint: "`maskwright cam --attention` keeps it; --attention DIR names that of other CAMs.",
    });
  const { affinity } = await readSeedRecipe(recipe, {
    source: cams.source ?? "classifier",
    round: cams.round,
  });
  if (affinity !== null) return { cams, attention: folder, affinity };
  throw new MaskwrightError(
    "INVALID_ARGUMENT",
    `--recipe ${recipe}: expected a recipe with affinity, got none`,
    {
      hint: "Its seeds are made of the CAMs as they are: go on with `maskwright seed --cams`.",
    },
  );
}
