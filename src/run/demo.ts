import { join } from "node:path";
import { sceneIds } from "../scenes/dataset.ts";
import { drawScenes } from "./demo-scenes.ts";
import { makeFolder } from "./files.ts";
import type { RecipeReport } from "./recipes/recipe-report.ts";
import { runRecipe } from "./recipes/run-recipe.ts";
import { recipeShapes } from "./recipes/schema.ts";
import type { WorkContext } from "./stage.ts";

export interface DemoRequest {
  readonly out: string;
  readonly sceneCount: number;
  readonly seed: number;
  /** Threads of models; null is one for each core. */
  readonly threads: number | null;
  readonly commandLine: string;
}

/** Scenes whose parts are learned by heart. */
const LEARNED_SCENES = 8;

/** What each recipe reports. */
export interface DemoReport {
  readonly sepl: RecipeReport;
  readonly tags: RecipeReport;
  readonly boxes: RecipeReport;
  readonly parts: RecipeReport;
}

/**
 * The whole of the program on drawn scenes, with no download. `OUT/scenes` holds photos, truth and weak labels of every kind; the other folders
 * are runs of recipes: `OUT/sepl` refines rough labels with `regions`, `OUT/tags` makes labels of tags with `toy-clip` and trains a
 * segmenter on them, `OUT/boxes` masks parts from their boxes with `sam-tiny`, and `OUT/parts` learns parts from boxes alone: those of a few scenes by
 * heart, since in a minute a prompter learns nothing that holds for others.
 */
export async function demo(request: DemoRequest, context: WorkContext): Promise<DemoReport> {
  const { out, sceneCount, seed, threads, commandLine } = request;
  const scenes = join(out, "scenes");
  makeFolder(out);
  await drawScenes(scenes, sceneIds(sceneCount, seed), seed, context);
  const notes = [
    `Synthetic data: ${sceneCount} scenes drawn by this program (seed ${seed}), their truth exact. Figures on photos are in docs/benchmarks.md.`,
  ];
  const run = (name: string, recipe: Parameters<typeof runRecipe>[0]): Promise<RecipeReport> =>
    runRecipe(
      recipe,
      { name, out: join(out, name), commandLine, notes, ...(threads !== null && { threads }) },
      context,
    );
  const common = { images: join(scenes, "images"), seed, limit: sceneCount };
  const labeled = { ...common, classes: join(scenes, "classes.txt"), truth: join(scenes, "truth") };
  const sepl = recipeShapes.sepl.parse({
    ...{ method: "sepl", ...labeled, labels: join(scenes, "rough") },
    ...{ model: "regions", masks: { max: 300 }, segmenter: null },
  });
  const tags = recipeShapes.tags.parse({
    ...{ method: "tags", ...labeled, tags: join(scenes, "tags.csv") },
    proposals: join(out, "sepl", "01-masks"),
    cams: { source: "clip", clip: "toy-clip" },
    seeds: { recipe: "scenes" },
    segmenter: { encoder: "toy-clip", side: 224, batch: 4, steps: 100, warmup: 10, validation: 0.25 },
  });
  const boxes = recipeShapes.boxes.parse({
    ...{ method: "boxes", ...common, boxes: join(scenes, "part-boxes.csv"), model: "sam-tiny" },
    ...{ classes: join(scenes, "part-classes.txt"), truth: join(scenes, "parts"), segmenter: null },
  });
  const learned = Math.min(LEARNED_SCENES, sceneCount);
  const epochs = Math.ceil((300 * learned) / LEARNED_SCENES);
  const parts = recipeShapes.parts.parse({
    ...{ method: "parts", ...common, limit: learned, boxes: join(scenes, "part-boxes.csv") },
    ...{ classes: join(scenes, "part-classes.txt"), truth: join(scenes, "parts.json"), model: "sam-tiny" },
    prompter: { layers: 2, width: 128, queries: 24, batch: learned, rate: 5e-4, validation: 0, epochs },
  });
  return {
    sepl: await run("sepl", sepl),
    tags: await run("tags", tags),
    boxes: await run("boxes", boxes),
    parts: await run("parts", parts),
  };
}
