/**
 * One row of `sam-auto.ts` in a process of its own: `sam-auto-row.ts NAME FOLDER THREADS POINTS`, spoken to as a `Contender`.
 *
 * Sets FOLDER/options.json on the first picture: half of all masks pass by their predicted IoU, and so many by their stability that some 150
 * are left. Both thresholds are in the middle of a gap. Each run leaves its proposals in FOLDER/ours.json.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { boxToSam } from "../src/core/geometry.ts";
import type { RgbImage } from "../src/core/image.ts";
import { encodeProposals } from "../src/data/proposal-file.ts";
import { openNodeRuntime, openWeightFile } from "../src/engine/node.ts";
import { pointGrid } from "../src/methods/proposals/sam-auto/point-grid.ts";
import { proposeWithSam } from "../src/methods/proposals/sam-auto/propose.ts";
import { suppressOverlaps } from "../src/methods/proposals/sam-auto/suppression.ts";
import { createSam, type SamVariant, samConfigs } from "../src/models/index.ts";
import { readPpm } from "./lib/ppm.ts";

/** Masks to be left, within the 50 to 300 that a comparison wants. */
const AIM = 150;

const [name, folder, threads, points] = process.argv.slice(2);
const pointsPerSide = Number(points);
const pictures = readdirSync(folder).filter((file) => file.endsWith(".ppm"));
const images = pictures.sort().map((file) => readPpm(join(folder, file)));
const runtime = await openNodeRuntime({ threads: Number(threads) });
const sam = createSam(openWeightFile(join(folder, "weights.pth")), samConfigs[name as SamVariant], runtime);

const { minPredictedIou, minStability } = await findThresholds(images[0]);
writeFileSync(
  join(folder, "options.json"),
  JSON.stringify({
    points_per_side: pointsPerSide,
    pred_iou_thresh: minPredictedIou,
    stability_score_thresh: minStability,
  }),
);
console.log(`ready ${JSON.stringify({ minPredictedIou, minStability })}`);
let turn = 0;
for await (const _ of createInterface({ input: process.stdin })) {
  const image = images[turn++ % images.length];
  const startMs = performance.now();
  const proposals = await proposeWithSam(sam, image, { pointsPerSide, minPredictedIou, minStability });
  const ms = performance.now() - startMs;
  const { height, width } = image;
  writeFileSync(join(folder, "ours.json"), encodeProposals({ id: "picture", height, width, proposals }));
  console.log(ms.toFixed(3));
}
console.log((process.resourceUsage().maxRSS / 1024).toFixed(0));

async function findThresholds(image: RgbImage): Promise<{ minPredictedIou: number; minStability: number }> {
  const { height, width } = image;
  const prompts = pointGrid(pointsPerSide).map(({ x, y }) => ({
    points: [{ x: x * width, y: y * height, positive: true }],
  }));
  const estimates: number[] = [];
  const keep = (predictedIou: number): boolean => {
    estimates.push(predictedIou);
    return false;
  };
  for await (const _ of sam.decodeEach(await sam.embed({ height, width, data: image.data }), prompts, {
    keep,
  }));
  const minPredictedIou = gapAt(estimates, estimates.length >> 1);
  const all = { pointsPerSide, minPredictedIou, minStability: 0, maxBoxIou: Number.POSITIVE_INFINITY };
  const candidates = (await proposeWithSam(sam, image, all))
    .filter(({ stability, box }) => box !== null && !Number.isNaN(stability))
    .sort((a, b) => b.stability - a.stability);
  const leftOf = (count: number): number => {
    const some = candidates.slice(0, count).sort((a, b) => b.predictedIou - a.predictedIou);
    const boxes = some.flatMap(({ box }) => (box === null ? [] : [boxToSam(box)]));
    return suppressOverlaps(
      boxes,
      some.map(({ predictedIou }) => predictedIou),
      0.7,
    ).length;
  };
  let count = candidates.length;
  while (count > 1 && leftOf(count) > AIM) count = Math.floor(count * 0.9);
  const stabilities = candidates.map(({ stability }) => stability);
  return { minPredictedIou, minStability: gapAt(stabilities, stabilities.length - count) };
}

/** The middle of the widest gap near a rank. */
function gapAt(values: readonly number[], rank: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const ranks = Array.from({ length: 21 }, (_, k) => Math.min(Math.max(rank + k - 10, 1), sorted.length - 1));
  const gap = (k: number): number => sorted[k] - sorted[k - 1];
  const widest = ranks.reduce((a, b) => (gap(b) > gap(a) ? b : a));
  return (sorted[widest] + sorted[widest - 1]) / 2;
}
