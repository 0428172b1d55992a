import { Command, Option } from "commander";
import { formatCount } from "../core/count.ts";
import { MaskwrightError } from "../core/error.ts";
import type { ClassList } from "../data/class-list.ts";
import type { CamSource } from "../run/cams/cam-source.ts";
import type { ProposalOrigin } from "../run/refine.ts";
import type { CamOrigin } from "../run/seeds/cam-origin.ts";
import type { SeedReport } from "../run/seeds/seed-summary.ts";
import { addGeneratorOptions, generatorChoice } from "./generator-options.ts";
import { addModelOptions, sourceChoice } from "./mask-options.ts";
import { addExamples, addWorkOptions, positiveNumber, selectionOf } from "./options.ts";
import { addRecipeOptions } from "./recipe-options.ts";
import { checkSeedOptions, type SeedCommandOptions } from "./seed-options.ts";
import { commandLine, printEstimate, printJson, withSession } from "./session.ts";
import { addTagOptions, camSourceChoice, seedOf } from "./tag-options.ts";

/** `maskwright seed IMAGES --tags FILE --recipe voc -o DIR` */
export function seedCommand(): Command {
  const command = new Command("seed")
    .description("From image tags to label maps: CAMs vote in masks (FMA-WSSS).")
    .argument("<images>", "folder of photos")
    .requiredOption("-o, --out <dir>", "run directory; seeds go to DIR/seeds/<id>.png, and DIR/report.html");
  addTagOptions(command, "of what is trained: a classifier, or with --prompts learned the batches");
  command
    .option(
      "--cams <dir>",
      "take these CAMs (npy, npz, safetensors, or a run of `cam`), instead of making any",
    )
    .addOption(
      new Option(
        "--cam-keys-from <n>",
        "--cams: number of the first class after the background in their keys (default: 0)",
      ).choices(["0", "1"]),
    )
    .addOption(
      new Option(
        "--prompts <how>",
        "clip: written texts, or contexts learned from your photos in two rounds, as in FMA-WSSS (days on a CPU)",
      )
        .choices(["written", "learned"])
        .default("written"),
    )
    .option("--proposals <dir>", "masks that are there: JSON, folders of PNGs, or a run of `propose`");
  addModelOptions(command);
  addGeneratorOptions(command);
  addRecipeOptions(command, "affinity and background, and how --prompts learned trains contexts")
    .option(
      "--power <p>",
      "the background scores (1 - highest score)^p; with --prompts learned in the fine round alone (default: the recipe's, with voc and coco 1 for CAMs of a classifier)",
      positiveNumber,
    )
    .option("--crf", "draw scores to the edges in the photo by a dense CRF before masks vote")
    .option("--truth <dir>", "ground truth: prints mIoU after each stage")
    .option("--overlay", "also draw the seeds over the photos, in DIR/overlay")
    .option(
      "--dry-run",
      "say what it would take, but for the trainings of --prompts learned, and write nothing",
    );
  addWorkOptions(command);
  addExamples(command, [
    "maskwright seed photos --tags tags.csv --recipe voc -o runs/seeds",
    "maskwright seed photos --tags tags.csv --classes classes.txt --weights mobilenet_v2.tflite -o runs/seeds",
    "maskwright seed photos --tags tags.csv --weights model.safetensors --model mobile-sam -o runs/sam",
    "maskwright seed photos --tags tags.csv --model sam-vit-h --generator fma -o runs/clip",
    "maskwright seed photos --tags tags.csv --prompts learned --recipe recipe.json -o runs/fma",
    "maskwright seed photos --cams cams --proposals sam_masks --power 2 -o runs/own-cams",
    "maskwright seed photos --tags tags.csv --weights mobilenet_v2.tflite --truth truth --crf -o runs/crf",
  ]);
  return command.action((images: string, options: SeedCommandOptions) => runSeed(images, options));
}

async function runSeed(images: string, options: SeedCommandOptions): Promise<void> {
  const { tags, out, power, crf = false, truth = null, overlay = false } = options;
  if (tags === undefined && options.cams === undefined)
    throw new MaskwrightError("INVALID_ARGUMENT", "seed: expected --tags FILE or --cams DIR, got neither");
  checkSeedOptions(options);
  await withSession(options, async (context) => {
    const [{ estimateSeed, seed }, { readSeedRecipe }, { classList }, { readTags }] = await Promise.all([
      import("../run/seed.ts"),
      import("../run/seeds/seed-recipe.ts"),
      import("../data/class-list.ts"),
      import("../data/weak-labels.ts"),
    ]);
    const classes = await classList(options.classes);
    const cams = await camOrigin(options, classes);
    const recipe = await readSeedRecipe(options.recipe, {
      source: sourceKind(cams),
      round: cams.kind === "learned" ? "coarse" : cams.round,
    });
    const request = {
      images,
      out,
      classes,
      tags: tags === undefined ? null : { path: tags, labels: await readTags(tags, classes.classes) },
      cams,
      masks: await maskOrigin(images, options),
      recipe: power === undefined ? recipe : { ...recipe, power },
      crf,
      truth,
      overlay,
      commandLine: commandLine(),
      ...selectionOf(options),
    };
    if (options.dryRun) return await printEstimate(await estimateSeed(request, context), options);
    const report = await seed(request, context);
    if (options.json) printJson(report);
    else process.stdout.write(await describeReport(report, out));
    return report.failures.length === 0;
  });
}

/** What makes the CAMs; those of other code count as a classifier's, as they mostly are. */
function sourceKind(cams: CamOrigin): CamSource["kind"] {
  if (cams.kind === "made") return cams.source.kind;
  return cams.kind === "learned" ? "contexts" : (cams.source ?? "classifier");
}

async function camOrigin(options: SeedCommandOptions, classes: ClassList): Promise<CamOrigin> {
  const { cams, camKeysFrom = "0", prompts, recipe: name, power, round } = options;
  if (cams !== undefined) {
    const { openCams } = await import("../run/seeds/cam-origin.ts");
    return openCams(cams, camKeysFrom === "0" ? 0 : 1, round);
  }
  const { chooseCamSource } = await import("../run/cams/choose-cam-source.ts");
  const source = await chooseCamSource(camSourceChoice(options, classes));
  if (prompts === "written") return { kind: "made", source, round: round ?? "coarse" };
  if (source.kind !== "clip")
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      "--prompts learned: expected --source clip, got a classifier",
    );
  const { readFmaRecipe } = await import("../run/seeds/seed-recipe.ts");
  const recipe = await readFmaRecipe(name);
  const fine = power === undefined ? recipe.fine : { ...recipe.fine, power };
  return {
    kind: "learned",
    clip: source.clip,
    recipe: { ...recipe, fine, texts: source.texts },
    seed: seedOf(options),
  };
}

async function maskOrigin(images: string, options: SeedCommandOptions): Promise<ProposalOrigin> {
  if (options.proposals !== undefined) return { kind: "folder", folder: options.proposals };
  const { chooseProposer } = await import("../run/masks/choose-source.ts");
  const proposer = await chooseProposer({
    ...(await sourceChoice(options)),
    maxProposals: null,
    generator: await generatorChoice(options),
  });
  return { kind: "photos", folder: images, proposer };
}

async function describeReport(report: SeedReport, out: string): Promise<string> {
  const { images, labeled, pixels, masks, lost, losses, stages, scored } = report;
  const share = ((100 * labeled) / Math.max(pixels, 1)).toFixed(1);
  const lines = [
    `${formatCount(images, "image")}: ${share} % of the pixels labeled, ${(masks / images).toFixed(1)} masks each`,
  ];
  for (const { name, loss } of losses)
    if (loss !== null) lines.push(`training loss of the ${name}: ${loss.toPrecision(3)}`);
  if (lost > 0) lines.push(`a class has no pixel in ${formatCount(lost, "image")}`);
  if (stages.length > 0) {
    const { formatScores } = await import("../run/report/score-table.ts");
    lines.push("", `${scored} of ${formatCount(images, "image")} with truth`, formatScores(stages));
  }
  return `${[...lines, `report: ${out}/report.html`, `seeds: ${out}/seeds`].join("\n")}\n`;
}
