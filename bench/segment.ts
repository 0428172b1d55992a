/**
 * How well `segment` answers boxes and clicks, with `sam-tiny` and with `regions`, beside two baselines for boxes: the filled box, and OpenCV's
 * GrabCut, which takes hours: `npx tsx bench/segment.ts [--grabcut] [--weights sam-tiny.safetensors|random] [--set coco2017|car-parts]`. Mean IoU
 * with the true masks of COCO and car-parts photos; `random` weights are those that `train sam-tiny` begins with. Clicks are asked twice: on
 * the center of the box, or on the deepest pixel where the object is not there; and on the deepest pixel.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { RgbImage } from "../src/core/image.ts";
import type { ObjectPrompt } from "../src/core/object-prompt.ts";
import { boxToRle } from "../src/core/polygon.ts";
import type { Proposal } from "../src/core/proposal.ts";
import { random } from "../src/core/random.ts";
import { type Rle, rleArea } from "../src/core/rle.ts";
import { intersectionArea } from "../src/core/rle-algebra.ts";
import { readPhoto } from "../src/data/photo.ts";
import { openNodeRuntime, openWeightFile } from "../src/engine/node.ts";
import { segmentRegions } from "../src/methods/proposals/regions/segment-regions.ts";
import { segmentWithSam } from "../src/methods/proposals/sam-prompted/segment-with-sam.ts";
import { samConfigs } from "../src/models/sam/config.ts";
import { drawSam } from "../src/models/sam/initial.ts";
import { createSam } from "../src/models/sam/sam.ts";
import { weightFile } from "../src/models/sam/testing/tiny-sam.ts";
import { locateModel } from "../src/run/store/stored-models.ts";
import { type BoxedPhoto, boxedSets, chooseSets, readBoxedPhotos } from "./boxed-photos.ts";
import { clickCenter, clickDeepest, hasCenter } from "./clicks.ts";

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
const sets = chooseSets(flags.set);
const runtime = await openNodeRuntime();
const config = samConfigs["sam-tiny"];
const weights =
  flags.weights === "random"
    ? weightFile(drawSam(config, random("0 sam-tiny")))
    : openWeightFile(flags.weights ?? locateModel("sam-tiny").path);
const sam = createSam(weights, config, runtime);
const bySam: Answerer = (image, prompts) => segmentWithSam(sam, image, prompts);

const byBox = ({ box }: BoxedObject): ObjectPrompt => ({ kind: "box", box });

for (const set of sets) {
  const photos = await readBoxedPhotos(set);
  if (photos === null) continue;
  const columns: readonly (readonly [name: string, answers: Answers | null])[] = [
    ["filled box", photos.map(({ objects }) => objects.map(({ box, truth }) => boxToRle(box, truth)))],
    ["box: GrabCut", flags.grabcut ? await grabCut(photos) : null],
    ...(await askBoth("box", photos, byBox)),
    ...(await askBoth("click: center", photos, clickCenter)),
    ...(await askBoth("click: deepest", photos, clickDeepest)),
  ];
  const all = photos.flatMap(({ objects }) => objects);
  console.log(
    `\n${set}: ${all.filter(hasCenter).length} of ${all.length} objects are at the center of their box\n`,
  );
  console.log(`| ${[set, "photos", "objects", ...columns.map(([name]) => name)].join(" | ")} |`);
  console.log(`|${" --- |".repeat(3 + columns.length)}`);
  const row = (name: string, isWanted: (photo: BoxedPhoto, object: BoxedObject) => boolean): void => {
    const kept = photos.map((photo) => photo.objects.filter((object) => isWanted(photo, object)));
    const objects = kept.reduce((sum, each) => sum + each.length, 0);
    const figures = columns.map(([, masks]) =>
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

/** The columns of one kind of prompt, by both models. */
async function askBoth(
  kind: string,
  photos: readonly BoxedPhoto[],
  promptOf: (object: BoxedObject) => ObjectPrompt,
): Promise<(readonly [name: string, answers: Answers])[]> {
  const regions = `${kind}, regions`;
  const tiny = `${kind}, sam-tiny`;
  return [
    [regions, await answer(regions, photos, segmentRegions, promptOf)],
    [tiny, await answer(tiny, photos, bySam, promptOf)],
  ];
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
