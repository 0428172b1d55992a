import type { RgbImage } from "../../core/image.ts";
import { foregroundClasses, type LabelMap } from "../../core/label-map.ts";
import { random } from "../../core/random.ts";
import { resizeImage, resizeLabels } from "../../core/resize.ts";
import { unitVector } from "../../core/unit-rows.ts";
import { readLabelMap } from "../../data/label-file.ts";
import { readPhoto } from "../../data/photo.ts";
import type { Arrays } from "../../engine/index.ts";
import { augment } from "../../methods/fma/augmentation.ts";
import {
  drawBatch,
  presentClasses,
  type SegmentationSample,
  segmentationFeeds,
} from "../../methods/fma/prompt-batches.ts";
import type { PromptRecipe } from "../../methods/fma/recipes.ts";
import type { Clip } from "../../models/clip/clip.ts";
import { normalizeClipImage } from "../../models/clip/preprocess.ts";
import type { TaggedPhotos } from "../cams/classifier.ts";
import { fileOf } from "../label-input.ts";
import type { FeatureStore } from "./feature-store.ts";

/** What contexts learn from: photos that have tags. */
export interface PromptPhotos extends TaggedPhotos {
  /** File of each id's seed; null where there are none yet. */
  readonly seeds: ((id: string) => string) | null;
  readonly recipe: PromptRecipe;
  readonly seed: number;
}

type Batches = (step: number) => Promise<readonly Arrays[]>;

/**
 * The batches of `classificationTraining`: embeddings of squares of photos, and the photos' tags.
 *
 * @param store  of these embeddings; read where the recipe augments nothing
 */
export function classificationBatches(
  photos: PromptPhotos,
  clip: Clip,
  store: FeatureStore,
  classCount: number,
): Batches {
  const { recipe, tags } = photos;
  const { dim } = clip.config;
  const encode = async (square: RgbImage): Promise<Float32Array> =>
    unitVector((await clip.encodePixels(normalizeClipImage(square))).meanEmbedding);
  return async (step) => {
    const pictures = new Float32Array(recipe.batch * dim);
    const ids = idsOf(step, photos);
    for (const [place, id] of ids.entries()) {
      const { features } = await look({ id, place, step }, photos, encode, store);
      pictures.set(features, place * dim);
    }
    const present = presentClasses(
      ids.map((id) => tags.get(id) ?? []),
      classCount,
    );
    return [
      {
        pictures: { dtype: "float32", shape: [recipe.batch, dim], data: pictures },
        present: { dtype: "float32", shape: [recipe.batch, classCount], data: present },
      },
    ];
  };
}

/**
 * The batches of `segmentationTraining`: what enters CLIP's last block, and the seeds, cut as the photos are.
 *
 * @param store  of what enters the last block; read where the recipe augments nothing
 */
export function segmentationBatches(
  photos: PromptPhotos,
  clip: Clip,
  store: FeatureStore,
  options: Parameters<typeof segmentationFeeds>[1],
): Batches {
  const { recipe, tags } = photos;
  const encode = async (square: RgbImage): Promise<Float32Array> =>
    (await clip.encodePixels(normalizeClipImage(square))).lastInput.data;
  return async (step) => {
    const samples: SegmentationSample[] = [];
    for (const [place, id] of idsOf(step, photos).entries()) {
      const { features, labels } = await look({ id, place, step }, photos, encode, store);
      const own = labels as LabelMap;
      const classes = recipe.classesFrom === "seed" ? foregroundClasses(own) : (tags.get(id) ?? []);
      samples.push({ tokens: features, classes, labels: own.data });
    }
    return segmentationFeeds(samples, options);
  };
}

function idsOf(step: number, { ids, recipe: { batch }, seed }: PromptPhotos): string[] {
  return drawBatch(step, { count: ids.length, batch, seed }).map((index) => ids[index]);
}

/** A picture at its place in a step's batch. */
interface Placed {
  readonly id: string;
  readonly place: number;
  readonly step: number;
}

/** What CLIP sees in a picture's square, and the seed there. */
async function look(
  { id, place, step }: Placed,
  { photos, seeds, recipe: { side, augmentation }, seed }: PromptPhotos,
  encode: (square: RgbImage) => Promise<Float32Array>,
  store: FeatureStore,
): Promise<{ readonly features: Float32Array; readonly labels: LabelMap | null }> {
  const photo = fileOf(photos, id);
  const map = seeds === null ? null : readLabelMap(seeds(id));
  if (augmentation !== null) {
    const chance = random(`${seed} step ${step} picture ${place}`);
    const { image, labels } = augment(await readPhoto(photo), map, chance, { side, ...augmentation });
    return { features: await encode(image), labels };
  }
  const square = { height: side, width: side };
  const labels = map === null ? null : resizeLabels(map, square);
  const known = store.get(id);
  if (known !== null) return { features: known, labels };
  const features = await encode(resizeImage(await readPhoto(photo), square, "bicubic"));
  store.put(id, features);
  return { features, labels };
}
