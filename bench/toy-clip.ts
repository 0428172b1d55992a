/**
 * Prompts learned with `toy-clip` on drawn scenes, beside written ones:
 * `npm run build && npx tsx bench/toy-clip.ts [SEED …] [--taught N] [--others N] [--steps N] [--affinity]`.
 *
 * For each seed 60 scenes to learn from and 40 others, 240×320. Masks are those of `regions`. Figures are mIoU in percent over the 15 classes and
 * the background: of CAMs alone, after affinity, and of seeds, of the scenes that taught the prompts and of the others. The recipe is
 * `scenes`, with `--affinity` also that of CLIP-ES.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { encodeLabelMap } from "../src/data/label-file.ts";
import { encodeJpeg } from "../src/data/photo.ts";
import { readTags } from "../src/data/weak-labels.ts";
import { sceneTexts } from "../src/methods/fma/prompts/scenes.ts";
import { clipEsAffinity, type FmaRecipe, sceneRecipe } from "../src/methods/fma/recipes.ts";
import type { ClipModel } from "../src/run/cams/cam-source.ts";
import { locateClip } from "../src/run/cams/choose-cam-source.ts";
import { writeAtomically } from "../src/run/files.ts";
import { createPool } from "../src/run/pool.ts";
import { propose } from "../src/run/propose.ts";
import { type SeedRequest, seed } from "../src/run/seed.ts";
import { digestFile } from "../src/run/store/digest.ts";
import { sceneIds } from "../src/scenes/dataset.ts";
import { sceneClasses } from "../src/scenes/objects/catalog.ts";
import { drawScene } from "../src/scenes/scene.ts";
import { quietContext } from "../src/testing/progress.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    taught: { type: "string", default: "60" },
    others: { type: "string", default: "40" },
    steps: { type: "string", default: "400" },
    affinity: { type: "boolean", default: false },
  },
});
const [taughtCount, otherCount, steps] = [values.taught, values.others, values.steps].map(Number);
const SIZE = { height: 240, width: 320 };

const short = { steps, usedStep: steps, warmupSteps: Math.floor(steps / 20) };
const affinity = values.affinity ? clipEsAffinity.voc : null;
const recipe: FmaRecipe = {
  ...sceneRecipe,
  classification: { ...sceneRecipe.classification, ...short },
  segmentation: { ...sceneRecipe.segmentation, ...short },
  coarse: { ...sceneRecipe.coarse, affinity },
  fine: { ...sceneRecipe.fine, affinity },
};

/** mIoU in percent by row and seed. */
const table = new Map<string, number[]>();
const seeds = positionals.length > 0 ? positionals.map(Number) : [1, 2, 3];
const pool = createPool();
const context = quietContext(pool, console.warn);
const clip = locateClip({ clip: "toy-clip", threads: null });
for (const each of seeds) await measure(each, clip);
await pool.close();

console.log(`| mIoU, percent | ${seeds.map((each) => `seed ${each}`).join(" | ")} | mean |`);
console.log(`| --- |${" --- |".repeat(seeds.length + 1)}`);
for (const [name, figures] of table) {
  const mean = figures.reduce((a, b) => a + b) / figures.length;
  console.log(`| ${name} | ${[...figures, mean].map((figure) => figure.toFixed(1)).join(" | ")} |`);
}

async function measure(each: number, clip: ClipModel): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "maskwright-toy-clip-"));
  try {
    const ids = sceneIds(taughtCount + otherCount, each);
    const data = await writeScenes(folder, ids);
    const masks = join(folder, "masks");
    const proposer = { kind: "regions", maxProposals: 300 } as const;
    await propose({ images: data.images, out: masks, proposer, overlay: false }, context);
    const [taught, others] = [ids.slice(0, taughtCount), ids.slice(taughtCount)].map((list, k) => {
      const path = join(folder, `ids-${k}.txt`);
      writeAtomically(path, list.map((id) => `${id}\n`).join(""));
      return path;
    });
    const run = async (
      name: string,
      out: string,
      own: Pick<SeedRequest, "cams" | "recipe"> & { ids: string },
    ) => {
      const { stages } = await seed(
        { ...data, ...own, masks: { kind: "folder", folder: masks }, out: join(folder, out) },
        context,
      );
      for (const { name: stage, scores } of stages) {
        const row = `${name}: ${stage}`;
        table.set(row, [...(table.get(row) ?? []), 100 * (scores.miou ?? 0)]);
      }
    };
    const untaught = {
      kind: "made",
      source: { kind: "clip", clip, texts: sceneTexts },
      round: "coarse",
    } as const;
    await run("taught scenes, written", "written", { cams: untaught, recipe: recipe.coarse, ids: taught });
    const learned = { kind: "learned", clip, recipe, seed: each } as const;
    await run("taught scenes, learned", "learned", { cams: learned, recipe: recipe.coarse, ids: taught });
    await run("other scenes, written", "written-others", {
      cams: untaught,
      recipe: recipe.coarse,
      ids: others,
    });
    for (const [name, own] of [
      ["classification", recipe.coarse],
      ["segmentation", recipe.fine],
    ] as const) {
      const texts = join(folder, "learned", name, "texts.safetensors");
      const { sha256 } = await digestFile(texts);
      const classCount = sceneTexts.classes.length;
      const source = { kind: "contexts", clip, texts, sha256, classCount } as const;
      const round = name === "segmentation" ? "fine" : "coarse";
      const cams = { kind: "made", source, round } as const;
      await run(`other scenes, ${name} contexts`, `${name}-others`, { cams, recipe: own, ids: others });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function writeScenes(
  folder: string,
  ids: readonly string[],
): Promise<Omit<SeedRequest, "cams" | "recipe" | "masks" | "out">> {
  const lines = ["file,tags"];
  for (const id of ids) {
    const { image, labels, tags } = drawScene(id, { size: SIZE });
    writeAtomically(join(folder, "images", `${id}.jpg`), await encodeJpeg(image, { quality: 92 }));
    writeAtomically(join(folder, "truth", `${id}.png`), encodeLabelMap(labels));
    lines.push(`${id}.jpg,${tags.map((tag) => sceneClasses[tag]).join(";")}`);
  }
  const [images, path] = [join(folder, "images"), join(folder, "tags.csv")];
  writeAtomically(path, `${lines.join("\n")}\n`);
  return {
    images,
    tags: { path, labels: await readTags(path, sceneClasses) },
    classes: { name: "scenes", classes: sceneClasses },
    crf: false,
    truth: join(folder, "truth"),
    overlay: false,
    commandLine: "",
  };
}
