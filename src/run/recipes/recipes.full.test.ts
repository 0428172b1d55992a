import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../../core/safetensors.ts";
import { tinyMobileNetTensors } from "../../models/mobilenet/testing/tiny-mobilenet.ts";
import { sceneClasses } from "../../scenes/objects/catalog.ts";
import { importRandomModel, partNames, writePartScenes } from "../../testing/part-scenes.ts";
import { quietContext } from "../../testing/progress.ts";
import { writeTinyClip } from "../../testing/tiny-clip-model.ts";
import { writeTinyPair } from "../../testing/tiny-pair.ts";
import { writeTree } from "../../testing/tree.ts";
import { writeWeakScenes } from "../../testing/weak-scenes.ts";
import type { ClipModel } from "../cams/cam-source.ts";
import { createPool, type Pool } from "../pool.ts";
import type { WorkContext } from "../stage.ts";
import { checkInputs } from "./check-inputs.ts";
import { readRecipe } from "./read-recipe.ts";
import { type RecipeModels, storedModels } from "./recipe-models.ts";
import type { RecipeReport } from "./recipe-report.ts";
import { runRecipe } from "./run-recipe.ts";
import { findRecipe, shippedRecipes } from "./shipped-recipes.ts";

/** Drawn scenes and parts with every kind of weak labels, and tiny models of random weights. */
let data = "";
let pool: Pool;
let context: WorkContext;
let models: RecipeModels;
const home = process.env.MASKWRIGHT_HOME;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-recipes-"));
  process.env.MASKWRIGHT_HOME = join(data, "home");
  await writeWeakScenes(data, 6, { height: 48, width: 64 });
  await writePartScenes(join(data, "parts"), 3);
  await writePartScenes(join(data, "new"), 4);
  await importRandomModel(join(data, "home"));
  writeTinyPair(join(data, "pair"));
  writeTree(data, {
    "parts/parts.json": boxesAsMasks(readFileSync(join(data, "parts/parts.csv"), "utf8")),
    "new/parts.json": boxesAsMasks(readFileSync(join(data, "new/parts.csv"), "utf8")),
    "mobilenet.safetensors": writeSafetensors(tinyMobileNetTensors()),
  });
  models = withTinyClip(writeTinyClip(data));
  pool = createPool(2);
  context = quietContext(pool);
}, 120_000);
afterAll(async () => {
  await pool.close();
  if (home === undefined) delete process.env.MASKWRIGHT_HOME;
  else process.env.MASKWRIGHT_HOME = home;
  rmSync(data, { recursive: true, force: true });
});

/** COCO JSON of parts whose masks are their boxes. */
function boxesAsMasks(csv: string): string {
  const rows = csv
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));
  const files = [...new Set(rows.map(([file]) => file))];
  return JSON.stringify({
    images: files.map((file, k) => ({ id: k + 1, file_name: file, height: 48, width: 64 })),
    categories: partNames.map((name, k) => ({ id: k + 1, name })),
    annotations: rows.map(([file, name, ...corners], k) => {
      const [x0, y0, x1, y1] = corners.map(Number);
      const [width, height] = [x1 - x0, y1 - y0];
      const place = { image_id: files.indexOf(file) + 1, category_id: partNames.indexOf(name) + 1 };
      const segmentation = [[x0, y0, x1, y0, x1, y1, x0, y1]];
      return {
        id: k + 1,
        ...place,
        bbox: [x0, y0, width, height],
        area: width * height,
        iscrowd: 0,
        segmentation,
      };
    }),
  });
}

/** CLIP of random weights, told the scenes' classes, whose contexts learn for four steps of small squares. */
function withTinyClip(clip: ClipModel): RecipeModels {
  const texts = { name: "scenes", classes: sceneClasses.slice(1), background: ["ground", "sky"] };
  return {
    ...storedModels,
    chooseCamSource: async (choice) =>
      choice.source === "clip" ? { kind: "clip", clip, texts } : await storedModels.chooseCamSource(choice),
    async readFmaRecipe(name) {
      const recipe = await storedModels.readFmaRecipe(name);
      const short = {
        steps: 4,
        usedStep: 4,
        warmupSteps: 1,
        batch: 4,
        parts: 2,
        side: 8,
        augmentation: null,
      };
      return {
        ...recipe,
        classification: { ...recipe.classification, ...short },
        segmentation: { ...recipe.segmentation, ...short },
      };
    },
  };
}

const scenes = (): string[] => [
  `images=${data}/images`,
  `classes=${data}/classes.txt`,
  `truth=${data}/truth`,
  "segmenter.side=32",
  "segmenter.steps=3",
  "segmenter.batch=2",
  "segmenter.validation=0.3",
];
const light = (): string => `segmenter.encoder=${data}/mobilenet.safetensors`;
const pair = (): string => `model=onnx:${data}/pair`;
const asked = ["masks.pointsPerSide=3", "masks.minPredictedIou=-1", "masks.minStability=0"];
const parts = (): string[] => [
  `images=${data}/parts/images`,
  `truth=${data}/parts/parts.json`,
  "model=mobile-sam",
  ...["queries=2", "layers=1", "width=16", "epochs=2", "batch=2"].map((each) => `prompter.${each}`),
];

/** What each shipped recipe is given, and what is scored of it. */
const cases: Readonly<
  Record<string, { readonly settings: () => string[]; readonly scored: readonly string[] }>
> = {
  sepl: {
    settings: () => [...scenes(), `labels=${data}/labels`, pair(), ...asked, light()],
    scored: ["labels", "SEPL", "segmenter"],
  },
  tags: {
    settings: () => [...scenes(), `tags=${data}/tags.csv`, pair(), ...asked, light()],
    scored: ["CAM", "affinity", "seeds", "segmenter"],
  },
  "fma-voc": {
    settings: () => [...scenes(), `tags=${data}/tags.csv`, pair(), ...asked, "segmenter=null"],
    scored: ["coarse CAM", "coarse affinity", "coarse seeds", "CAM", "affinity", "seeds"],
  },
  "fma-coco": {
    settings: () => [...scenes(), `tags=${data}/tags.csv`, pair(), ...asked, "segmenter=null"],
    scored: ["coarse CAM", "coarse affinity", "coarse seeds", "CAM", "seeds"],
  },
  boxes: {
    settings: () => [...scenes(), `boxes=${data}/boxes.csv`, pair(), "segmenter.network=segformer-b0"],
    scored: ["masks", "segmenter"],
  },
  points: {
    settings: () => [...scenes(), `points=${data}/points.csv`, pair(), light()],
    scored: ["masks", "segmenter"],
  },
  parts: {
    settings: () => [...parts(), `boxes=${data}/parts/parts.csv`, `classes=${data}/parts/parts.txt`],
    scored: ["parts of unseen photos"],
  },
  "wps-partimagenet": {
    settings: () => [
      ...[...parts(), `parts=${data}/parts/parts.json`, `classes=${data}/parts/parts.txt`],
      ...[`predict=${data}/new/images`, `truth=${data}/new/parts.json`],
    ],
    scored: ["parts"],
  },
  offline: {
    settings: () => [...scenes(), `boxes=${data}/boxes.csv`],
    scored: ["masks", "segmenter"],
  },
};

/** Carries out a shipped recipe with settings in place of what it says. */
async function run(name: string, settings: readonly string[], out: string): Promise<RecipeReport> {
  const pairs = settings.map((each) => {
    const at = each.indexOf("=");
    return { key: each.slice(0, at), value: each.slice(at + 1) };
  });
  const recipe = readRecipe(await findRecipe(name), pairs);
  checkInputs(recipe, name);
  return await runRecipe(
    recipe,
    { name, out: join(data, out), commandLine: `maskwright run ${name}`, models },
    context,
  );
}

describe("every shipped recipe runs end to end", () => {
  it.each(shippedRecipes())("%s", async (name) => {
    const { settings, scored } = cases[name];
    const report = await run(name, settings(), `out/${name}`);
    expect(report).toMatchObject({ command: "run", failures: [] });
    expect(report.scores.map((layer) => layer.name)).toEqual(scored);
    for (const { images, scores } of report.scores) {
      expect(images).toBeGreaterThan(0);
      expect(scores.pixelAccuracy).toBeGreaterThan(0);
    }
    if (scored.includes("segmenter"))
      expect(report.unseen.map(({ name, images }) => [name, images])).toEqual([
        [scored[scored.length - 2], 2],
        ["segmenter", 2],
      ]);
    const page = readFileSync(join(data, `out/${name}/report.html`), "utf8");
    for (const { folder } of report.stages) {
      expect(existsSync(join(data, `out/${name}/${folder}/run.json`))).toBe(true);
      expect(page).toContain(folder);
    }
    const hasTraining = report.stages.some(({ name }) => name === "segmenter" || name === "prompter");
    if (hasTraining) expect(page).toMatch(/<h2>Training: (segmenter|prompter)</);
    expect(page).toContain("data:image/jpeg;base64,");
  });

  it("tags, by a classifier that learns them", async () => {
    const classifier = [
      "cams.source=classifier",
      `cams.weights=${data}/mobilenet.safetensors`,
      "segmenter=null",
    ];
    const given = [...scenes(), `tags=${data}/tags.csv`, "model=regions", ...classifier];
    const report = await run("tags", given, "out/classifier");
    expect(report.scores.map(({ name }) => name)).toEqual(["CAM", "affinity", "seeds"]);
    expect(readFileSync(join(data, "out/classifier/report.html"), "utf8")).toContain("Training: seeds: head");
  });
});
