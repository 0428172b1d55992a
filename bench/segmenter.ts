/**
 * Segmenters trained on weak labels of real photos: `npm run build && npx tsx bench/segmenter.ts [light] [segformer] [--steps N] [--side PX] [--rate X] [--folds N] [--labels A,B]`.
 *
 * The 49 VOC photos with TransCAM labels are cut into folds; a network learns from all but one, and labels the photos of that one, which it has not
 * seen. Labels to learn from are TransCAM's as they are (`transcam`), refined by SEPL with the masks of `regions` (`refined`), and the truth
 * (`truth`), which says how good labels could be at best. All figures are mIoU in percent of the pooled pixels of all 49, over the classes that occur.
 * The networks are a light head on the frozen MobileNetV2 (int8 TFLite file of the shared data), and SegFormer-B0 from random weights.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { addConfusion, confusion, emptyConfusion, scores } from "../src/core/metrics.ts";
import { random, shuffled } from "../src/core/random.ts";
import { encodeLabelMap } from "../src/data/label-file.ts";
import { proposalsForRefinement } from "../src/methods/proposals/regions/refinement.ts";
import { proposeRegions } from "../src/methods/proposals/regions/regions.ts";
import { mergeProposals } from "../src/methods/sepl/merge.ts";
import { findEncoder } from "../src/run/segmenter/open-encoder.ts";
import { type NetworkChoice, openNetwork } from "../src/run/segmenter/open-network.ts";
import { completeRecipe, recipeSchedule } from "../src/run/segmenter/segmenter-recipe.ts";
import { startSegmenter } from "../src/run/segmenter/start-segmenter.ts";
import { makeBatch } from "../src/run/segmenter/training-batches.ts";
import type { TrainingItem } from "../src/run/segmenter/training-data.ts";
import { confuseSegmenter } from "../src/run/segmenter/validate.ts";
import { cropForTraining } from "../src/run/tasks/training-crop.ts";
import { dataFolder } from "../src/testing/folders.ts";
import { readVocPhotos } from "./voc-photos.ts";

const CLASSES = 21;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string" },
    side: { type: "string" },
    rate: { type: "string" },
    folds: { type: "string", default: "3" },
    labels: { type: "string", default: "transcam,refined,truth" },
  },
});
const [voc, models, photos] = [
  dataFolder("voc2012"),
  dataFolder("models/google-coral"),
  await readVocPhotos(),
];
const folder = mkdtempSync(join(tmpdir(), "maskwright-bench-"));
try {
  if (voc !== null && models !== null && photos !== null) await measure(voc, models, photos);
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(voc: string, models: string, all: NonNullable<typeof photos>): Promise<void> {
  const own = emptyConfusion(CLASSES);
  const refined = emptyConfusion(CLASSES);
  for (const { id, image, truth, pseudo } of all) {
    const masks = proposalsForRefinement(proposeRegions(image)).map(({ rle }) => rle);
    const { labels } = mergeProposals(pseudo, masks);
    addConfusion(own, confusion(pseudo, truth, CLASSES));
    addConfusion(refined, confusion(labels, truth, CLASSES));
    writeFileSync(join(folder, `${id}.png`), encodeLabelMap(labels));
  }
  const percent = (each: typeof own): string => (100 * (scores(each).miou ?? 0)).toFixed(2);
  console.log(`${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}`);
  console.log(
    `labels themselves: TransCAM ${percent(own)}, refined ${percent(refined)} (${all.length} photos)`,
  );
  const fileOf: Readonly<Record<string, (id: string) => string>> = {
    transcam: (id) => join(voc, `pseudo_labels/transcam/${id}.png`),
    refined: (id) => join(folder, `${id}.png`),
    truth: (id) => join(voc, `SegmentationClass/${id}.png`),
  };
  const choices: Readonly<Record<string, NetworkChoice["network"]>> = {
    light: {
      kind: "light",
      encoder: await findEncoder(join(models, "mobilenet_v2_1.0_224_quant.tflite")),
    },
    segformer: { kind: "segformer", variant: "segformer-b0", init: null },
  };
  const ids = shuffled(
    all.map(({ id }) => id),
    random("folds"),
  );
  const folds = Number(values.folds);
  console.log("network\tlabels\tsteps\tside\tmIoU\twithout background\tpixels right\tseconds");
  for (const name of positionals.length > 0 ? positionals : Object.keys(choices))
    for (const labels of values.labels.split(",")) {
      const startMs = performance.now();
      const total = emptyConfusion(CLASSES);
      let settings = "";
      for (let fold = 0; fold < folds; fold++) {
        const held = ids.filter((_, k) => k % folds === fold);
        const learned = ids.filter((_, k) => k % folds !== fold);
        const found = await trainAndLabel(choices[name], learned, held, { voc, labelOf: fileOf[labels] });
        addConfusion(total, found.confusion);
        settings = `${found.steps}\t${found.side}`;
      }
      const { miou, foregroundMiou, pixelAccuracy } = scores(total);
      const cells = [miou, foregroundMiou, pixelAccuracy].map((share) => (100 * (share ?? 0)).toFixed(2));
      const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
      console.log([name, labels, settings, ...cells, seconds].join("\t"));
    }
}

async function trainAndLabel(
  network: NetworkChoice["network"],
  learned: readonly string[],
  held: readonly string[],
  { voc, labelOf }: { voc: string; labelOf: (id: string) => string },
) {
  const photoOf = (id: string): string => join(voc, `JPEGImages/${id}.jpg`);
  const recipe = completeRecipe(
    { kind: network.kind, device: "cpu", photos: learned.length, isPretrained: false, exactSide: null },
    {
      ...(values.steps !== undefined && { steps: Number(values.steps) }),
      ...(values.side !== undefined && { side: Number(values.side) }),
      ...(values.rate !== undefined && { rate: Number(values.rate) }),
    },
  );
  const open = await openNetwork({ network, device: "cpu", threads: null }, CLASSES, recipe.side);
  const items = learned.map(
    (id): TrainingItem => ({
      ...{ id, photo: photoOf(id), labels: labelOf(id), confidence: null },
      ...{ reading: { power: 1, keyBase: 0 }, classCount: CLASSES },
    }),
  );
  const trainer = await open.train(
    { tensors: startSegmenter(open.network, 0, null) },
    { recipe, classWeights: null, supervision: "classes" },
  );
  const { normalization } = open;
  const source = { items, network: open.network, normalization, recipe, seed: 0 };
  const schedule = recipeSchedule(recipe);
  for (let step = 0; step < recipe.steps; step++)
    await trainer.step(
      [await makeBatch(source, step, { run: (_, task) => cropForTraining(task) })],
      schedule(step),
    );
  const found = await confuseSegmenter(trainer, {
    ids: held,
    photos: new Map(held.map((id) => [id, photoOf(id)])),
    truths: new Map(held.map((id) => [id, join(voc, `SegmentationClass/${id}.png`)])),
    ...{ classCount: CLASSES, side: recipe.side, normalization },
  });
  await trainer.dispose();
  await open.close();
  return { confusion: found, steps: recipe.steps, side: recipe.side };
}
