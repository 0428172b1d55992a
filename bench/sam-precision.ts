/**
 * What float16 and int8 cost SAM in accuracy and bring in time on this CPU: `npx tsx bench/sam-precision.ts FOLDER …`, each made by
 * golden/sam/parity.py. The weights are random, so masks are ragged and agree less than those of trained weights would.
 *
 * For each photo one box and two points, three masks each; the IoU is that with float32's mask.
 */
import { join } from "node:path";
import type { Size } from "../src/core/geometry.ts";
import { readIdList } from "../src/data/id-list.ts";
import { readPhoto } from "../src/data/photo.ts";
import type { Precision } from "../src/engine/index.ts";
import { openNodeRuntime, openWeightFile } from "../src/engine/node.ts";
import { createSam, type Prompt, predictedMask, type SamVariant, samConfigs } from "../src/models/index.ts";
import { dataFolder, readJson } from "../src/testing/folders.ts";
import { relativeError } from "../src/testing/golden.ts";

const PHOTOS = 3;
const runtime = await openNodeRuntime({ threads: 2 });
const voc = dataFolder("voc2012");
if (voc === null) process.exit(1);
const ids = await readIdList(join(voc, "ImageSets/Segmentation/train_with_images.txt"));
const images = await Promise.all(
  ids.slice(0, PHOTOS).map((id) => readPhoto(join(voc, `JPEGImages/${id}.jpg`))),
);

console.log("model\tprecision\tembedding's error\tspeed-up\tmean IoU\tleast IoU");
for (const folder of process.argv.slice(2)) await measure(folder);

interface Answer {
  readonly ms: number;
  readonly embedding: Float32Array;
  readonly masks: readonly Uint8Array[];
}

async function measure(folder: string): Promise<void> {
  const { name } = readJson<{ readonly name: SamVariant }>(folder, "parity.json");
  const exact = await answers(folder, name, "float32");
  for (const precision of ["float16", "int8"] as const) {
    const near = await answers(folder, name, precision);
    const errors = near.map(({ embedding }, k) => relativeError(embedding, exact[k].embedding));
    const ious = near.flatMap(({ masks }, k) => masks.map((mask, m) => iouOf(mask, exact[k].masks[m])));
    const cells = [
      Math.max(...errors).toPrecision(2),
      (fastest(exact) / fastest(near)).toFixed(2),
      (ious.reduce((sum, iou) => sum + iou, 0) / ious.length).toFixed(4),
      Math.min(...ious).toFixed(4),
    ];
    console.log([name, precision, ...cells].join("\t"));
  }
}

async function answers(folder: string, name: SamVariant, precision: Precision): Promise<Answer[]> {
  const file = openWeightFile(join(folder, "weights.pth"));
  const sam = createSam(file, samConfigs[name], runtime, { precision });
  await sam.embed(images[0]);
  const made: Answer[] = [];
  for (const image of images) {
    const startMs = performance.now();
    const embedding = await sam.embed(image);
    const ms = performance.now() - startMs;
    const predictions = await sam.decodeAll(embedding, promptsOn(image));
    const masks = predictions.flatMap((each) => [0, 1, 2].map((m) => predictedMask(each, m).data));
    made.push({ ms, embedding: embedding.features.data, masks });
  }
  await sam.dispose();
  file.close();
  return made;
}

function promptsOn({ height, width }: Size): Prompt[] {
  const point = (x: number, y: number): Prompt => ({
    points: [{ x: x * width, y: y * height, positive: true }],
  });
  const box = { x0: 0.2 * width, y0: 0.2 * height, x1: 0.8 * width, y1: 0.8 * height };
  return [{ box }, point(0.5, 0.5), point(0.25, 0.7)];
}

function iouOf(a: Uint8Array, b: Uint8Array): number {
  let both = 0;
  let either = 0;
  for (let p = 0; p < a.length; p++) {
    both += a[p] & b[p];
    either += a[p] | b[p];
  }
  return either === 0 ? 1 : both / either;
}

function fastest(made: readonly Answer[]): number {
  return Math.min(...made.map(({ ms }) => ms));
}
