/**
 * How well `segment` answers boxes and clicks, with `sam-tiny` and with `regions`, beside two baselines for boxes: the filled box, and OpenCV's
 * GrabCut, which takes hours: `npx tsx bench/segment.ts [--grabcut] [--weights sam-tiny.safetensors] [--set coco|car-parts]`. Mean IoU with the true masks
 * of COCO and car-parts photos; a click is on the pixel deepest inside the object.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { borderDepths } from "../src/core/border-depth.ts";
import type { RgbImage } from "../src/core/image.ts";
import type { ObjectPrompt } from "../src/core/object-prompt.ts";
import { boxToRle } from "../src/core/polygon.ts";
import type { Proposal } from "../src/core/proposal.ts";
import { decodeRle, type Rle, rleArea } from "../src/core/rle.ts";
import { intersectionArea } from "../src/core/rle-algebra.ts";
import { readPhoto } from "../src/data/photo.ts";
import { openNodeRuntime, openWeightFile } from "../src/engine/node.ts";
import { segmentRegions } from "../src/methods/proposals/regions/segment-regions.ts";
import { segmentWithSam } from "../src/methods/proposals/sam-prompted/segment-with-sam.ts";
import { samConfigs } from "../src/models/sam/config.ts";
import { createSam } from "../src/models/sam/sam.ts";
import { locateModel } from "../src/run/store/stored-models.ts";
import { type BoxedPhoto, boxedSets, readBoxedPhotos } from "./boxed-photos.ts";

/** A mask for each object of each photo. */
type Answers = readonly (readonly Rle[])[];
type Answerer = (image: RgbImage, prompts: readonly ObjectPrompt[]) => Proposal[] | Promise<Proposal[]>;
type BoxedObject = BoxedPhoto["objects"][number];

const { values: flags } = parseArgs({
  options: {
    grabcut: { type: "boolean", default: false },
    weights: { type: "string" },
    set: { type: "string", multiple: true, default: [...boxedSets] },
  },
});
const runtime = await openNodeRuntime();
const weights = openWeightFile(flags.weights ?? locateModel("sam-tiny").path);
const sam = createSam(weights, samConfigs["sam-tiny"], runtime);
const bySam: Answerer = (image, prompts) => segmentWithSam(sam, image, prompts);

const byBox = ({ box }: BoxedObject): ObjectPrompt => ({ kind: "box", box });

function byClick({ truth }: BoxedObject): ObjectPrompt {
  const { height, width, data } = decodeRle(truth);
  const depths = borderDepths(data, { height, width });
  let deepest = -1;
  for (let p = 0; p < data.length; p++)
    if (data[p] === 1 && (deepest < 0 || depths[p] > depths[deepest])) deepest = p;
  const x = deepest % width;
  return { kind: "points", points: [{ x: x + 0.5, y: (deepest - x) / width + 0.5, positive: true }] };
}

for (const set of boxedSets.filter((each) => flags.set.includes(each))) {
  const photos = await readBoxedPhotos(set);
  if (photos === null) continue;
  console.log(
    `\n| ${set} | photos | objects | filled box | GrabCut | box: regions | box: sam-tiny | click: regions | click: sam-tiny |`,
  );
  console.log(`|${" --- |".repeat(9)}`);
  const columns = [
    photos.map(({ objects }) => objects.map(({ box, truth }) => boxToRle(box, truth))),
    flags.grabcut ? await grabCut(photos) : null,
    await answer("regions, boxes", photos, segmentRegions, byBox),
    await answer("sam-tiny, boxes", photos, bySam, byBox),
    await answer("regions, clicks", photos, segmentRegions, byClick),
    await answer("sam-tiny, clicks", photos, bySam, byClick),
  ];
  const row = (name: string, isWanted: (photo: BoxedPhoto, object: BoxedObject) => boolean): void => {
    const kept = photos.map((photo) => photo.objects.filter((object) => isWanted(photo, object)));
    const objects = kept.reduce((sum, each) => sum + each.length, 0);
    const figures = columns.map((masks) =>
      masks === null ? "–" : meanIou(photos, masks, isWanted).toFixed(3),
    );
    console.log(
      `| ${[name, kept.filter(({ length }) => length > 0).length, objects, ...figures].join(" | ")} |`,
    );
  };
  row("every second, for tuning", ({ isForTuning }) => isForTuning);
  row("the others", ({ isForTuning }) => !isForTuning);
  row("the others, boxes of 16 px and more", ({ isForTuning }, object) => !isForTuning && !isSmall(object));
  row("the others, smaller boxes", ({ isForTuning }, object) => !isForTuning && isSmall(object));
  row("all", () => true);
}

async function answer(
  name: string,
  photos: readonly BoxedPhoto[],
  segment: Answerer,
  promptOf: (object: BoxedObject) => ObjectPrompt,
): Promise<Answers> {
  const answers: Rle[][] = [];
  let seconds = 0;
  for (const { path, objects } of photos) {
    const image = await readPhoto(path);
    const prompts = objects.map(promptOf);
    const startMs = performance.now();
    const masks = await segment(image, prompts);
    seconds += (performance.now() - startMs) / 1000;
    answers.push(masks.map(({ rle }) => rle));
  }
  console.error(`${name}: ${(seconds / photos.length).toFixed(3)} s a photo`);
  return answers;
}

async function grabCut(photos: readonly BoxedPhoto[]): Promise<Answers> {
  const child = spawn("/usr/bin/python3", [join(import.meta.dirname, "grabcut.py")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const jobs = photos.map(({ path, objects }) => ({
    photo: path,
    boxes: objects.map(({ box }) => [box.x0, box.y0, box.x1, box.y1].map(Math.round)),
  }));
  child.stdin.end(jobs.map((job) => `${JSON.stringify(job)}\n`).join(""));
  const answers: Rle[][] = [];
  for await (const line of createInterface(child.stdout)) {
    const { height, width } = photos[answers.length].objects[0].truth;
    const counts = JSON.parse(line) as number[][];
    answers.push(counts.map((runs) => ({ height, width, counts: Uint32Array.from(runs) })));
  }
  if (answers.length < photos.length) throw new Error(`GrabCut ended after ${answers.length} photos`);
  return answers;
}

/** Whether a box is smaller than 16×16 px of the picture as `sam-tiny` sees it, four of a mask's pixels in a row. */
function isSmall({ box, truth: { height, width } }: BoxedObject): boolean {
  const scale = samConfigs["sam-tiny"].encoder.side / Math.max(height, width);
  return (box.x1 - box.x0) * (box.y1 - box.y0) * scale ** 2 < 16 ** 2;
}

function meanIou(
  photos: readonly BoxedPhoto[],
  answers: Answers,
  isWanted: (photo: BoxedPhoto, object: BoxedObject) => boolean,
): number {
  const ious = photos.flatMap((photo, k) =>
    photo.objects.flatMap((object, n) => (isWanted(photo, object) ? [iou(answers[k][n], object.truth)] : [])),
  );
  return ious.reduce((sum, value) => sum + value, 0) / ious.length;
}

function iou(a: Rle, b: Rle): number {
  const shared = intersectionArea(a, b);
  return shared / (rleArea(a) + rleArea(b) - shared);
}
