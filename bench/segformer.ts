/**
 * A SegFormer-B0 step at 512², batch 4, against PyTorch, both with two threads, and how long steps wait for photos:
 * `npm run build && npx tsx bench/segformer.ts [network] [step] [pipeline] [--turns N] [--wait]`.
 *
 * `network` is the row of `engine.ts`: forward, backward, AdamW. `step` is all of a step: bytes in, cross-entropy of every pixel, stochastic depth,
 * dropout, AdamW in groups. Both processes take turns; the figure is the fastest run of each. `pipeline` trains on the 60 VOC photos of the shared data,
 * read, cut and recolored by the pool beside the steps: the share of the time in which a step waited for them.
 */
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readIdList } from "../src/data/id-list.ts";
import { createPool } from "../src/run/pool.ts";
import { createFeeder } from "../src/run/segmenter/feeder.ts";
import { openNetwork } from "../src/run/segmenter/open-network.ts";
import { stepsAhead } from "../src/run/segmenter/run-training.ts";
import { completeRecipe } from "../src/run/segmenter/segmenter-recipe.ts";
import { startSegmenter } from "../src/run/segmenter/start-segmenter.ts";
import { makeBatch } from "../src/run/segmenter/training-batches.ts";
import type { TrainingItem } from "../src/run/segmenter/training-data.ts";
import { dataFolder } from "../src/testing/folders.ts";
import { fairEnvironment, race, startContender } from "./lib/turns.ts";

const THREADS = 2;
const [BATCH, SIDE] = [4, 512];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { turns: { type: "string", default: "4" }, wait: { type: "boolean", default: false } },
});
const rows = positionals.length > 0 ? positionals : ["network", "step", "pipeline"];
console.log(
  `${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}, ${THREADS} threads`,
);
console.log(["row", "ours ms", "torch ms", "torch/ours", "MB", "torch MB"].join("\t"));
for (const row of rows) {
  if (row === "network") await compare(row, ["engine-rows.ts", "segformer"], "segformer");
  if (row === "step") await compare(row, ["segformer-rows.ts", `${BATCH}`, `${SIDE}`], "segformer-train");
  if (row === "pipeline") await trainOnPhotos();
}

async function compare(title: string, [file, ...args]: readonly string[], torchRow: string): Promise<void> {
  const here = import.meta.dirname;
  const tail = [...args, String(THREADS)];
  const ours = await startContender(process.execPath, ["--import", "tsx", join(here, file), ...tail], {});
  if (ours === null) throw new Error(`${title} does not start`);
  const python = process.env.PYTHON ?? "/usr/bin/python3";
  const script = [join(here, "engine_torch.py"), torchRow, String(THREADS)];
  const torch = await startContender(python, script, fairEnvironment(THREADS));
  const options = { runs: 2, wait: values.wait, turns: Number(values.turns) };
  const times = await race(ours, torch, options);
  const cells = [
    title,
    times.ours.toFixed(0),
    times.torch.toFixed(0),
    (times.torch / times.ours).toFixed(2),
    await ours.end(),
    (await torch?.end()) ?? Number.NaN,
  ];
  console.log(cells.join("\t"));
}

/** Steps fed from photos, then the last of them again and again without. */
async function trainOnPhotos(): Promise<void> {
  const voc = dataFolder("voc2012");
  if (voc === null) return;
  const ids = await readIdList(join(voc, "ImageSets/Segmentation/train_with_images.txt"));
  const items = ids.map(
    (id): TrainingItem => ({
      ...{ id, photo: join(voc, `JPEGImages/${id}.jpg`), confidence: null },
      labels: join(voc, `pseudo_labels/transcam/${id}.png`),
      ...{ reading: { power: 1, keyBase: 0 }, classCount: 21 },
    }),
  );
  const network = { kind: "segformer", variant: "segformer-b0", init: null } as const;
  const open = await openNetwork({ network, device: "cpu", threads: THREADS }, 21, SIDE);
  const recipe = completeRecipe(
    { kind: "segformer", device: "cpu", photos: items.length, isPretrained: false, exactSide: null },
    { side: SIDE, batch: BATCH },
  );
  const trainer = await open.train(
    { tensors: startSegmenter(open.network, 0, null) },
    { recipe, classWeights: null, supervision: "classes" },
  );
  const pool = createPool(THREADS);
  const { normalization } = open;
  const source = { items, network: open.network, normalization, recipe, seed: 0 };
  const steps = 4 * Number(values.turns);
  const feeder = createFeeder((step) => makeBatch(source, step, pool), {
    steps,
    ahead: stepsAhead(pool.size, BATCH),
  });
  const startMs = performance.now();
  for (let step = 0; step < steps; step++) {
    const fed = await feeder.of(step);
    await feeder.run(() => trainer.step([fed], recipe.rate));
  }
  const fedMs = (performance.now() - startMs) / steps;
  const fed = await makeBatch(source, 0, pool);
  const aloneMs = performance.now();
  for (let step = 0; step < steps; step++) await trainer.step([fed], recipe.rate);
  const alone = (performance.now() - aloneMs) / steps;
  console.log(
    `pipeline\t${steps} steps of ${items.length} photos: ${fedMs.toFixed(0)} ms a step, ${alone.toFixed(0)} without reading photos; waited ${(100 * feeder.waitingShare()).toFixed(1)} % of the time`,
  );
  await trainer.dispose();
  await open.close();
  await pool.close();
}
