/**
 * Whether a run's memory grows with the number of photos: a dry run of the recipe `sepl`, and of the beginning of a segmenter's training, over
 * 1,000 to 100,000 photos. Folders, lists, image headers, logs and reports are real; a test double stands in for the work on pixels.
 *
 *     npm run build && npx tsx bench/dry-run.ts
 */
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { classList } from "../src/data/class-list.ts";
import { encodeLabelMap } from "../src/data/label-file.ts";
import { encodeJpeg, photoSize } from "../src/data/photo.ts";
import { encodeProposals } from "../src/data/proposal-file.ts";
import type { Pool } from "../src/run/pool.ts";
import { readRecipe } from "../src/run/recipes/read-recipe.ts";
import { runRecipe } from "../src/run/recipes/run-recipe.ts";
import { completeRecipe } from "../src/run/segmenter/segmenter-recipe.ts";
import { selectTraining } from "../src/run/segmenter/training-data.ts";
import type { WorkContext } from "../src/run/stage.ts";
import { drawLayers } from "../src/run/tasks/layers.ts";
import { cropForTraining } from "../src/run/tasks/training-crop.ts";
import { trainSegmenter } from "../src/run/train-segmenter.ts";
import type { TaskName } from "../src/run/worker.ts";
import { roughLabels } from "../src/scenes/degrade.ts";
import { sceneClasses } from "../src/scenes/objects/catalog.ts";
import { drawScene } from "../src/scenes/scene.ts";
import { quietContext } from "../src/testing/progress.ts";
import { measure } from "./lib/measure.ts";

const COUNTS = [1_000, 10_000, 100_000];
/** Scenes that are drawn; each is many photos, by links. */
const DRAWN = 20;
const SIZE = { height: 72, width: 96 };

const [stage, root, count] = process.argv.slice(2);
if (stage === undefined) await compare();
else await run(stage, root, Number(count));

async function compare(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "maskwright-dry-run-"));
  try {
    for (const count of COUNTS) await writeInput(inputOf(folder, count), count);
    console.log("| | photos | peak memory, MiB | seconds | photos/s |\n| --- | --- | --- | --- | --- |");
    for (const stage of ["recipe", "training"])
      for (const count of COUNTS) {
        const input = inputOf(folder, count);
        const args = ["--import", "tsx", import.meta.filename, stage, input, String(count)];
        const { seconds, peakMib } = await measure(process.execPath, args, dirname(import.meta.dirname));
        const rate = (count / seconds).toFixed(0);
        console.log(`| ${stage} | ${count} | ${peakMib.toFixed(0)} | ${seconds.toFixed(1)} | ${rate} |`);
      }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function inputOf(folder: string, count: number): string {
  return join(folder, String(count));
}

/** `images`, rough `labels` and `truth` of so many photos, and the artifacts that the double hands out. */
async function writeInput(folder: string, count: number): Promise<void> {
  for (const name of ["images", "labels", "truth", "double"])
    mkdirSync(join(folder, name), { recursive: true });
  for (let k = 0; k < DRAWN; k++) {
    const scene = drawScene(`scene-${k}`, { size: SIZE });
    const files = {
      images: await encodeJpeg(scene.image),
      labels: encodeLabelMap(roughLabels(scene, `scene-${k}`)),
      truth: encodeLabelMap(scene.labels),
    };
    for (const [name, bytes] of Object.entries(files))
      writeFileSync(join(folder, "double", `${name}-${k}`), bytes);
  }
  const none = encodeProposals({ id: "double", ...SIZE, proposals: [] });
  writeFileSync(join(folder, "double", "proposals"), none);
  for (let k = 0; k < count; k++) {
    const id = `photo-${String(k).padStart(6, "0")}`;
    for (const [name, ending] of [
      ["images", "jpg"],
      ["labels", "png"],
      ["truth", "png"],
    ])
      linkSync(join(folder, "double", `${name}-${k % DRAWN}`), join(folder, name, `${id}.${ending}`));
  }
  writeFileSync(join(folder, "classes.txt"), sceneClasses.join("\n"));
}

async function run(stage: string, folder: string, count: number): Promise<void> {
  const context = quietContext(doublePool(folder), console.warn);
  const out = join(folder, `${stage}-${count}`);
  await (stage === "recipe" ? runDry : trainDry)(folder, out, count, context);
  rmSync(out, { recursive: true });
}

async function runDry(folder: string, out: string, limit: number, context: WorkContext): Promise<void> {
  const lines = ["method: sepl", "images: images", "labels: labels", "truth: truth", "classes: classes.txt"];
  const text = [...lines, "segmenter: null", `limit: ${limit}`].join("\n");
  const recipe = readRecipe({ name: "dry run", text, folder });
  const report = await runRecipe(recipe, { name: "dry run", out, commandLine: "bench/dry-run.ts" }, context);
  if (report.images !== limit) throw new Error(`expected ${limit} photos, got ${report.images}`);
}

async function trainDry(folder: string, out: string, limit: number, context: WorkContext): Promise<void> {
  const [images, labels] = ["images", "labels"].map((name) => join(folder, name));
  const folders = { images, labels, confidence: null, reading: { power: 1, keyBase: 0 } } as const;
  const selection = await selectTraining(folders, { kind: "share", share: 0 }, { seed: 1, limit });
  const circumstances = {
    kind: "segformer",
    device: "cpu",
    photos: limit,
    isPretrained: false,
    exactSide: null,
  } as const;
  await trainSegmenter(
    {
      ...{ folders, selection, out, seed: 1, checkpointEvery: 10, validationLabels: null },
      classes: await classList(join(folder, "classes.txt")),
      network: {
        network: { kind: "segformer", variant: "segformer-b0", init: null },
        device: "cpu",
        threads: 2,
      },
      recipe: completeRecipe(circumstances, { side: 32, batch: 2, steps: 2 }),
      weighting: { kind: "balanced" },
    },
    context,
  );
}

/** Threads that look at the header of every photo, and hand out artifacts that are there. */
function doublePool(folder: string): Pool {
  const tasks: Partial<Record<TaskName, (task: never) => unknown>> = {
    async propose({
      id,
      photo,
      out,
      knownKey,
    }: {
      id: string;
      photo: string;
      out: string;
      knownKey: string | null;
    }) {
      const { height, width } = await photoSize(photo);
      return finish({ id, out, knownKey }, "proposals", { proposals: 80, bytes: height * width });
    },
    refine({ id, out, knownKey }: { id: string; out: string; knownKey: string | null }) {
      const pixels = SIZE.height * SIZE.width;
      const counts = { pixels, changed: 100, proposals: 80, taken: 5, ignoreLost: 0, bytes: 200 };
      return finish({ id, out, knownKey }, "labels-0", { ...counts, vanished: [], oddMasks: [] });
    },
    evaluate({ items, classCount }: { items: readonly { readonly id: string }[]; classCount: number }) {
      const counts = new Float64Array(classCount * (classCount + 1)).fill(1);
      return {
        counts,
        boundaries: null,
        items: items.map(({ id }) => ({ id, miou: 0.5, running: null })),
        failures: [],
      };
    },
    async "training-labels"({ photo, classCount }: { photo: string; classCount: number }) {
      await photoSize(photo);
      return { key: keyOf(photo), result: { pixels: Array.from({ length: classCount }, () => 100) } };
    },
    "training-crop": cropForTraining as (task: never) => unknown,
    layers: drawLayers as (task: never) => unknown,
  };
  const finish = (
    { id, out, knownKey }: { readonly id: string; readonly out: string; readonly knownKey: string | null },
    artifact: string,
    result: object,
  ): object => {
    const key = keyOf(id);
    if (key === knownKey) return { key, result: null };
    mkdirSync(dirname(out), { recursive: true });
    // A link to one file is possible 65,000 times.
    writeFileSync(out, readFileSync(join(folder, "double", artifact)));
    return { key, result };
  };
  return {
    size: 2,
    run: async (name, task) => (await tasks[name]?.(task as never)) as never,
    close: async () => {},
  };
}

/** As long as a real one. */
function keyOf(id: string): string {
  return id.padEnd(32, "0").slice(-32);
}
