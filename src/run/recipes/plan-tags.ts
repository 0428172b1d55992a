import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ClassList } from "../../data/class-list.ts";
import { classList } from "../../data/class-list.ts";
import { readTags } from "../../data/weak-labels.ts";
import type { SeedRecipe } from "../../methods/fma/recipes.ts";
import { openLabels, openPhotos } from "../label-input.ts";
import { seed } from "../seed.ts";
import type { CamOrigin } from "../seeds/cam-origin.ts";
import { readSeedRecipe } from "../seeds/seed-recipe.ts";
import { selectPresent } from "../selection.ts";
import { planMasks } from "./masks-stage.ts";
import { type PlanTools, photoSeconds, stageFolders } from "./plan-tools.ts";
import type { RecipeOf } from "./recipe.ts";
import { noCams, productOf, type RecipePlan, type RecipeStage, type StageLayer } from "./recipe-stage.ts";
import { planSegmenter, segmenterStageNames } from "./segmenter-stages.ts";

type TagsRecipe = RecipeOf<"tags">;

/** How maps become labels, and where the maps come from. */
interface Seeding {
  readonly cams: CamOrigin;
  /** Of the seeds that are the result. */
  readonly recipe: SeedRecipe;
}

/** Image tags → masks → CAMs, affinity, SAMS → segmenter. */
export async function planTags(recipe: TagsRecipe, out: string, tools: PlanTools): Promise<RecipePlan> {
  const { images, tags: path, proposals, seeds } = recipe;
  const classes = await classList(recipe.classes);
  const photos = openPhotos(images);
  const labels = await readTags(path, classes.classes);
  const named = { ids: [...labels.keys()], path };
  const { ids, absent } = await selectPresent(photos, images, named, recipe, tools.context);
  const folders = stageFolders(out, [
    ...(proposals === undefined ? (["masks"] as const) : []),
    "seeds",
    ...segmenterStageNames(recipe),
  ]);
  const seeding = await chooseSeeding(recipe, classes, tools);
  const seedStage: RecipeStage = {
    name: "seeds",
    title: describeSeeding(seeding),
    seconds: photoSeconds.seeds * ids.length + trainingSeconds(seeding.cams),
    estimate: null,
    async run({ dir, ids, context, commandLine }) {
      const masks = proposals ?? folders.masks;
      const report = await seed(
        {
          images,
          tags: { path, labels },
          classes,
          ...seeding,
          masks: { kind: "folder", folder: masks },
          crf: seeds.crf,
          out: dir,
          truth: null,
          overlay: false,
          commandLine,
          ids,
        },
        context,
      );
      const labeled = (100 * report.labeled) / Math.max(report.pixels, 1);
      return productOf(report, {
        figures: [
          { name: "pixels labeled by seeds", value: `${labeled.toFixed(1)} %` },
          { name: "photos that lost a class", value: `${report.lost}` },
        ],
        layers: seedLayers(dir, seeding),
      });
    },
  };
  const masks = proposals === undefined ? [await planMasks(recipe, ids.length, recipe, tools)] : [];
  const taught = { classes, labels: join(folders.seeds, "seeds"), photos: ids.length, folders };
  return {
    classes,
    photos,
    ids,
    absent,
    stages: [...masks, seedStage, ...(await planSegmenter(recipe, taught, tools))],
  };
}

async function chooseSeeding(
  recipe: TagsRecipe,
  classes: ClassList,
  { models, threads }: PlanTools,
): Promise<Seeding> {
  const { cams, seeds, seed: chance } = recipe;
  const { source: kind, weights = null, clip, texts = null } = cams;
  const source = await models.chooseCamSource({
    source: kind,
    classes,
    weights,
    ...(clip !== undefined && { clip }),
    texts,
    contexts: null,
    seed: chance,
    threads,
  });
  const withPower = (base: SeedRecipe): SeedRecipe =>
    seeds.power === undefined ? base : { ...base, power: seeds.power };
  if (cams.prompts === "written" || source.kind !== "clip") {
    const base = await readSeedRecipe(seeds.recipe, { source: kind });
    return { cams: { kind: "made", source, round: "coarse" }, recipe: withPower(base) };
  }
  const fma = await models.readFmaRecipe(seeds.recipe);
  const fine = withPower(fma.fine);
  const learned = { ...fma, fine, texts: source.texts };
  return { cams: { kind: "learned", clip: source.clip, recipe: learned, seed: chance }, recipe: fine };
}

function describeSeeding({ cams }: Seeding): string {
  if (cams.kind === "learned")
    return "Learn CLIP's text contexts from the tags in two rounds, and let maps vote in the masks (FMA-WSSS).";
  const by =
    cams.kind === "made" && cams.source.kind === "clip"
      ? "CLIP, told the classes' names"
      : "a classifier of the tags";
  return `Make class activation maps by ${by}, and let them vote in the masks (FMA-WSSS).`;
}

/** A step of 16 photos through CLIP and back. */
const CONTEXT_STEP_SECONDS = 8;

function trainingSeconds(cams: CamOrigin): number {
  if (cams.kind !== "learned") return 0;
  const { classification, segmentation } = cams.recipe;
  return CONTEXT_STEP_SECONDS * (classification.usedStep + segmentation.usedStep);
}

/** What the rounds left: maps, maps after affinity, seeds; of learned contexts the coarse ones first. */
function seedLayers(dir: string, { cams, recipe }: Seeding): StageLayer[] {
  const rounds =
    cams.kind === "learned"
      ? ([
          ["coarse/", "coarse ", cams.recipe.coarse],
          ["", "", recipe],
        ] as const)
      : ([["", "", recipe]] as const);
  return rounds.flatMap(([prefix, name, { power }]) => {
    const reading = { background: { kind: "power", power }, keyBase: 0 } as const;
    const layer = (folder: string, caption: string): StageLayer[] => {
      const path = join(dir, prefix, folder);
      if (!existsSync(path)) return [];
      const input = openLabels(path);
      return [
        { kind: "labels", name: `${name}${caption}`, input, cams: input.kind === "cams" ? reading : noCams },
      ];
    };
    return [...layer("cams", "CAM"), ...layer("refined", "affinity"), ...layer("seeds", "seeds")];
  });
}
