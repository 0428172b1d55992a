/**
 * How good the offline proposals are on the VOC train photos, and what SEPL makes of TransCAM labels with them:
 * `npx tsx bench/regions.ts`. IoU counts the truth's void band as background, so a perfect mask scores 0.85 to 0.95.
 * With `--proposals DIR`, the masks in a run of `propose` in their place, all of them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { rleIous } from "../src/core/iou.ts";
import type { LabelMap } from "../src/core/label-map.ts";
import { addConfusion, confusion, emptyConfusion, scores } from "../src/core/metrics.ts";
import type { Proposal } from "../src/core/proposal.ts";
import { decodeProposals } from "../src/data/proposal-file.ts";
import { proposalsForRefinement } from "../src/methods/proposals/regions/refinement.ts";
import { proposeRegions } from "../src/methods/proposals/regions/regions.ts";
import { mergeProposals } from "../src/methods/sepl/merge.ts";
import { readVocPhotos, type VocPhoto } from "./voc-photos.ts";

interface Measured {
  readonly photo: VocPhoto;
  readonly seconds: number;
  /** Best IoU of each object with one of 100, and of 300, proposals. */
  readonly best100: readonly number[];
  readonly best300: readonly number[];
  readonly pool: readonly Proposal[];
}

const { values } = parseArgs({ options: { proposals: { type: "string" } } });
const photos = await readVocPhotos();
if (photos !== null && values.proposals !== undefined) scoreFolder(photos, values.proposals);
else if (photos !== null) {
  proposeRegions(photos[0].image); // compiles the code before the clock starts
  const measured = photos.map(measure);
  console.log(
    "photos         objects  IoU@100  IoU@300  recall@100  recall@300  s/image  masks  before  whole pool      cut",
  );
  report(
    "24 for tuning",
    measured.filter(({ photo }) => photo.isForTuning),
  );
  report(
    "the other 25",
    measured.filter(({ photo }) => !photo.isForTuning),
  );
  report("all 49", measured);
}

function scoreFolder(photos: readonly VocPhoto[], run: string): void {
  const scored = photos.map((photo) => {
    const path = join(run, "proposals", `${photo.id}.json`);
    const { proposals } = decodeProposals(readFileSync(path), path);
    return { photo, masks: proposals.length, best: bestIous(photo, proposals) };
  });
  console.log("| photos | objects | masks | best IoU | recall |\n| --- | --- | --- | --- | --- |");
  for (const [name, some] of [
    ["24 for tuning", scored.filter(({ photo }) => photo.isForTuning)],
    ["all 49", scored],
  ] as const) {
    const best = some.flatMap((each) => each.best);
    const masks = mean(some.map((each) => each.masks)).toFixed(0);
    const row = [name, best.length, masks, mean(best).toFixed(3), recall(best).toFixed(3)];
    console.log(`| ${row.join(" | ")} |`);
  }
}

function measure(photo: VocPhoto): Measured {
  const start = performance.now();
  const pool = proposeRegions(photo.image);
  const seconds = (performance.now() - start) / 1000;
  const best100 = bestIous(photo, proposeRegions(photo.image, { count: 100 }));
  return { photo, seconds, best100, best300: bestIous(photo, pool), pool };
}

function bestIous({ objects }: VocPhoto, proposals: readonly Proposal[]): number[] {
  const ious = rleIous(
    proposals.map(({ rle }) => rle),
    objects,
  );
  const best = objects.map(() => 0);
  ious.forEach((iou, k) => {
    best[k % objects.length] = Math.max(best[k % objects.length], iou);
  });
  return best;
}

function report(name: string, measured: readonly Measured[]): void {
  const best100 = measured.flatMap((m) => m.best100);
  const best300 = measured.flatMap((m) => m.best300);
  const figures = [
    String(best100.length).padStart(7),
    mean(best100).toFixed(3).padStart(7),
    mean(best300).toFixed(3).padStart(7),
    recall(best100).toFixed(3).padStart(10),
    recall(best300).toFixed(3).padStart(10),
    mean(measured.map(({ seconds }) => seconds))
      .toFixed(3)
      .padStart(7),
    mean(measured.map(({ pool }) => pool.length))
      .toFixed(0)
      .padStart(5),
    miou(measured, ({ photo }) => photo.pseudo).padStart(6),
    miou(measured, ({ photo, pool }) => refined(photo, pool)).padStart(10),
    miou(measured, ({ photo, pool }) => refined(photo, proposalsForRefinement(pool))).padStart(7),
  ];
  console.log(name.padEnd(14), figures.join("  "));
}

function refined({ pseudo }: VocPhoto, proposals: readonly Proposal[]): LabelMap {
  return mergeProposals(
    pseudo,
    proposals.map(({ rle }) => rle),
  ).labels;
}

/** Percent, over the 21 classes of VOC. */
function miou(measured: readonly Measured[], labelsOf: (m: Measured) => LabelMap): string {
  const total = emptyConfusion(21);
  for (const m of measured) addConfusion(total, confusion(labelsOf(m), m.photo.truth, 21));
  return (100 * (scores(total).miou ?? 0)).toFixed(2);
}

/** Share of the objects that a mask answers with an IoU of 0.5 or more. */
function recall(best: readonly number[]): number {
  return mean(best.map((iou) => (iou >= 0.5 ? 1 : 0)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
