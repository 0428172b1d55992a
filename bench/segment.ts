/**
 * How well `segment` answers boxes with `regions`, beside two baselines: the filled box, and OpenCV's GrabCut, which takes
 * hours: `npx tsx bench/segment.ts [--grabcut]`. Mean IoU with the true masks of COCO and car-parts photos.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { boxToRle } from "../src/core/polygon.ts";
import { type Rle, rleArea } from "../src/core/rle.ts";
import { intersectionArea } from "../src/core/rle-algebra.ts";
import { readPhoto } from "../src/data/photo.ts";
import { segmentRegions } from "../src/methods/proposals/regions/segment-regions.ts";
import { type BoxedPhoto, boxedSets, readBoxedPhotos } from "./boxed-photos.ts";

/** A mask for each object of each photo. */
type Answers = readonly (readonly Rle[])[];

for (const set of boxedSets) {
  const photos = await readBoxedPhotos(set);
  if (photos === null) continue;
  console.log(`\n| ${set} | photos | objects | filled box | GrabCut | regions |`);
  console.log("| --- | --- | --- | --- | --- | --- |");
  const answers = {
    box: photos.map(({ objects }) => objects.map(({ box, truth }) => boxToRle(box, truth))),
    grabcut: process.argv.includes("--grabcut") ? await grabCut(photos) : null,
    regions: await regions(photos),
  };
  const row = (name: string, isWanted: (photo: BoxedPhoto) => boolean): void => {
    const kept = photos.filter(isWanted);
    const objects = kept.reduce((sum, photo) => sum + photo.objects.length, 0);
    const figure = (masks: Answers | null): string =>
      masks === null ? "–" : meanIou(photos, masks, isWanted).toFixed(3);
    const figures = [answers.box, answers.grabcut, answers.regions].map(figure);
    console.log(`| ${[name, kept.length, objects, ...figures].join(" | ")} |`);
  };
  row("every second, for tuning", ({ isForTuning }) => isForTuning);
  row("the others", ({ isForTuning }) => !isForTuning);
  row("all", () => true);
}

async function regions(photos: readonly BoxedPhoto[]): Promise<Answers> {
  const answers: Rle[][] = [];
  let seconds = 0;
  for (const { path, objects } of photos) {
    const image = await readPhoto(path);
    const startMs = performance.now();
    const masks = segmentRegions(
      image,
      objects.map(({ box }) => ({ kind: "box", box })),
    );
    seconds += (performance.now() - startMs) / 1000;
    answers.push(masks.map(({ rle }) => rle));
  }
  console.error(`regions: ${(seconds / photos.length).toFixed(3)} s a photo`);
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

function meanIou(
  photos: readonly BoxedPhoto[],
  answers: Answers,
  isWanted: (photo: BoxedPhoto) => boolean,
): number {
  const ious = photos.flatMap((photo, k) =>
    isWanted(photo) ? photo.objects.map(({ truth }, n) => iou(answers[k][n], truth)) : [],
  );
  return ious.reduce((sum, value) => sum + value, 0) / ious.length;
}

function iou(a: Rle, b: Rle): number {
  const shared = intersectionArea(a, b);
  return shared / (rleArea(a) + rleArea(b) - shared);
}
