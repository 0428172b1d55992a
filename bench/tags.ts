/**
 * From tags to masks on real photos, without CLIP: `npx tsx bench/tags.ts`.
 *
 * A linear head on MobileNetV2 (the int8 TFLite file of the shared data) learns the tags of the photos; its CAMs become labels by themselves, after
 * affinity, after SEPL and by SAMS, with the masks of `regions`. Backgrounds are chosen on every second photo, and all figures are mIoU in percent over
 * the classes of the data set, of the photos that chose, the others and all. Then what `seed` does, CAM + affinity + SAMS, with each background.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cam } from "../src/core/class-maps.ts";
import type { RgbImage } from "../src/core/image.ts";
import { BACKGROUND, type LabelMap } from "../src/core/label-map.ts";
import { addConfusion, confusion, emptyConfusion, scores } from "../src/core/metrics.ts";
import type { Proposal } from "../src/core/proposal.ts";
import { readIdList } from "../src/data/id-list.ts";
import { readLabelMap } from "../src/data/label-file.ts";
import { readPhoto } from "../src/data/photo.ts";
import { openNodeRuntime } from "../src/engine/node.ts";
import { averageFeatures } from "../src/methods/classifier/cam.ts";
import { attentionFromFeatures } from "../src/methods/classifier/feature-attention.ts";
import { trainTagHead } from "../src/methods/classifier/tag-head.ts";
import { type View, viewCam, viewPicture } from "../src/methods/classifier/views.ts";
import { affinityFromAttention, refineCam } from "../src/methods/fma/affinity.ts";
import { seedFromCam } from "../src/methods/fma/cam-seed.ts";
import { seedFromMasks } from "../src/methods/fma/seeding.ts";
import { proposalsForRefinement } from "../src/methods/proposals/regions/refinement.ts";
import { proposeRegions } from "../src/methods/proposals/regions/regions.ts";
import { mergeProposals } from "../src/methods/sepl/merge.ts";
import { mobileNetV2 } from "../src/models/mobilenet/config.ts";
import { createMobileNet } from "../src/models/mobilenet/mobilenet.ts";
import { readTfliteLayers } from "../src/models/mobilenet/tflite.ts";
import { mobileNetFromTflite } from "../src/models/mobilenet/weights.ts";
import type { Affinity } from "../src/run/seeds/affinity-stage.ts";
import { readSeedRecipe } from "../src/run/seeds/seed-recipe.ts";
import { dataFolder } from "../src/testing/folders.ts";

/** (1 − score)^power: larger gives the classes more. */
const POWERS = [0.4, 0.6, 1, 1.5, 2, 3, 4];

interface Photo {
  readonly image: RgbImage;
  /** Null for a photo that only helps to learn. */
  readonly truth: LabelMap | null;
  readonly tags: readonly number[];
}

interface Case {
  readonly truth: LabelMap;
  readonly image: RgbImage;
  readonly cam: Cam;
  readonly refined: Cam;
  readonly masks: readonly Proposal[];
}

const [voc, ccp, models] = ["voc2012", "ccp", "models/google-coral"].map(dataFolder);
if (voc !== null && ccp !== null && models !== null) {
  const name = "mobilenet_v2_1.0_224_quant.tflite";
  const layers = readTfliteLayers(readFileSync(join(models, name)), name);
  const weights = mobileNetFromTflite(layers, mobileNetV2, name);
  const runtime = await openNodeRuntime();
  const { rounds, ...affinity } = (await readSeedRecipe("voc", { source: "classifier" }))
    .affinity as Affinity;
  for (const [title, photos, classCount] of [
    ["VOC", await readVoc(voc), 21],
    ["ccp", await readCcp(ccp), 59],
  ] as const) {
    const extractor = createMobileNet(weights, mobileNetV2, runtime, { outputStride: 16 });
    const views: View[][] = [];
    for (const { image } of photos) views.push(await viewPicture(extractor, image));
    await extractor.dispose();
    const head = await learn(photos, views, classCount);
    const cases = photos.flatMap(({ image, truth, tags }, k): Case[] => {
      if (truth === null) return [];
      const cam = viewCam(views[k], head, tags);
      // The largest picture as it is; the CAM has its grid.
      const [{ features }] = views[k].slice(-2);
      const refined = refineCam(
        cam,
        affinityFromAttention(attentionFromFeatures(features), rounds),
        affinity,
      );
      return [{ truth, image, cam, refined, masks: proposeRegions(image) }];
    });
    report(title, cases, classCount);
  }

  async function learn(photos: readonly Photo[], views: readonly View[][], classCount: number) {
    const rows = views.flat().map(({ features }) => averageFeatures(features));
    const data = new Float32Array(rows.length * mobileNetV2.features);
    rows.forEach((row, k) => {
      data.set(row, k * row.length);
    });
    return await trainTagHead(
      {
        features: { dtype: "float32", shape: [rows.length, mobileNetV2.features], data },
        tags: photos.flatMap(({ tags }, k) => views[k].map(() => tags)),
      },
      Array.from({ length: classCount - 1 }, (_, k) => k + 1),
      runtime,
      { seed: 0 },
    );
  }
}

function report(title: string, cases: readonly Case[], classCount: number): void {
  const ways: Readonly<Record<string, (each: Case, power: number) => LabelMap>> = {
    "CAM alone": ({ cam, image }, power) => fromCam(cam, image, power),
    "CAM + SEPL": ({ cam, image, masks }, power) => withSepl(fromCam(cam, image, power), masks),
    "CAM + affinity": ({ refined, image }, power) => fromCam(refined, image, power),
    "CAM + affinity + SEPL": ({ refined, image, masks }, power) =>
      withSepl(fromCam(refined, image, power), masks),
    "CAM + SAMS": ({ cam, image, masks }, power) => fromMasks(cam, image, masks, power),
    "CAM + affinity + SAMS": ({ refined, image, masks }, power) => fromMasks(refined, image, masks, power),
  };
  const [choosing, others] = [0, 1].map((part) => cases.filter((_, k) => k % 2 === part));
  const head = `${choosing.length} that chose | other ${others.length} | all ${cases.length} |`;
  const row = (way: string, power: number): string => {
    const figures = [choosing, others, cases].map((part) => {
      const miou = miouOf(part, (each) => ways[way](each, power), classCount);
      return miou.toFixed(2);
    });
    return `${power} | ${figures.join(" | ")} |`;
  };
  console.log(`| ${title}, mIoU | power | ${head}\n| --- | --- | --- | --- | --- |`);
  for (const [way, make] of Object.entries(ways)) {
    const scored = POWERS.map((power) => ({
      power,
      miou: miouOf(choosing, (each) => make(each, power), classCount),
    }));
    const { power } = scored.reduce((best, each) => (each.miou > best.miou ? each : best));
    console.log(`| ${way} | ${row(way, power)}`);
  }
  console.log(`| power | ${head}\n| --- | --- | --- | --- |`);
  for (const power of POWERS) console.log(`| ${row("CAM + affinity + SAMS", power)}`);
}

function fromCam(cam: Cam, image: RgbImage, power: number): LabelMap {
  return seedFromCam(cam, image, { background: { kind: "power", power } });
}

function fromMasks(cam: Cam, image: RgbImage, masks: readonly Proposal[], power: number): LabelMap {
  return seedFromMasks(cam, masks, image, { background: { kind: "power", power } }).seed;
}

function withSepl(labels: LabelMap, masks: readonly Proposal[]): LabelMap {
  return mergeProposals(
    labels,
    proposalsForRefinement(masks).map(({ rle }) => rle),
  ).labels;
}

function miouOf(cases: readonly Case[], make: (each: Case) => LabelMap, classCount: number): number {
  const total = emptyConfusion(classCount);
  for (const each of cases) addConfusion(total, confusion(make(each), each.truth, classCount));
  return 100 * (scores(total).miou ?? 0);
}

/** 49 photos with truth, 11 more with tags. */
async function readVoc(folder: string): Promise<Photo[]> {
  const tags = JSON.parse(readFileSync(join(folder, "image_tags.json"), "utf8"));
  const withTruth = new Set(await readIdList(join(folder, "ImageSets/Segmentation/train_with_images.txt")));
  return Promise.all(
    idsOf(join(folder, "JPEGImages")).map(async (id) => ({
      image: await readPhoto(join(folder, `JPEGImages/${id}.jpg`)),
      truth: withTruth.has(id) ? readLabelMap(join(folder, `SegmentationClass/${id}.png`)) : null,
      tags: tags[id],
    })),
  );
}

/** 100 street photos; class 0 is what nobody wears. */
async function readCcp(folder: string): Promise<Photo[]> {
  const tags: Record<string, number[]> = JSON.parse(readFileSync(join(folder, "image_tags.json"), "utf8"));
  return Promise.all(
    idsOf(join(folder, "photos")).map(async (id) => ({
      image: await readPhoto(join(folder, `photos/${id}.jpg`)),
      truth: readLabelMap(join(folder, `labels_png/${id}.png`)),
      tags: tags[id].filter((classId) => classId !== BACKGROUND),
    })),
  );
}

function idsOf(folder: string): string[] {
  return readdirSync(folder)
    .map((file) => file.replace(/\.jpg$/, ""))
    .sort();
}
