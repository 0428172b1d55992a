import type { RgbImage } from "../../core/image.ts";
import type { LabelMap } from "../../core/label-map.ts";
import { random } from "../../core/random.ts";
import { readLabelMap } from "../../data/label-file.ts";
import { readPhoto } from "../../data/photo.ts";
import type { Arrays } from "../../engine/index.ts";
import { augment, classesOf } from "../../methods/fma/augmentation.ts";
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
import { unitVector } from "../cams/text-file.ts";
import { fileOf } from "../label-input.ts";

/** What contexts learn from: photos that have tags. */
export interface PromptPhotos extends TaggedPhotos {
  /** File of each id's seed; null where there are none yet. */
  readonly seeds: ((id: string) => string) | null;
  readonly recipe: PromptRecipe;
  readonly seed: number;
}

type Batches = (step: number) => Promise<readonly Arrays[]>;

/** The batches of `classificationTraining`: embeddings of squares cut out of photos, and the photos' tags. */
export function classificationBatches(photos: PromptPhotos, clip: Clip, classCount: number): Batches {
  const { recipe, tags } = photos;
  return async (step) => {
    const pictures = new Float32Array(recipe.batch * clip.config.dim);
    const ids = idsOf(step, photos);
    for (const [k, id] of ids.entries()) {
      const { image } = await readAugmented(id, k, step, photos);
      const { meanEmbedding } = await clip.encodePixels(normalizeClipImage(image));
      pictures.set(unitVector(meanEmbedding), k * clip.config.dim);
    }
    const present = presentClasses(
      ids.map((id) => tags.get(id) ?? []),
      classCount,
    );
    return [
      {
        pictures: { dtype: "float32", shape: [recipe.batch, clip.config.dim], data: pictures },
        present: { dtype: "float32", shape: [recipe.batch, classCount], data: present },
      },
    ];
  };
}

/** The batches of `segmentationTraining`: what enters CLIP's last block, and the seeds, cut as the photos are. */
export function segmentationBatches(
  photos: PromptPhotos,
  clip: Clip,
  options: Parameters<typeof segmentationFeeds>[1],
): Batches {
  const { recipe, tags } = photos;
  return async (step) => {
    const samples: SegmentationSample[] = [];
    for (const [k, id] of idsOf(step, photos).entries()) {
      const { image, labels } = await readAugmented(id, k, step, photos);
      const { lastInput } = await clip.encodePixels(normalizeClipImage(image));
      const own = labels as LabelMap;
      const classes = recipe.classesFrom === "seed" ? classesOf(own) : (tags.get(id) ?? []);
      samples.push({ tokens: lastInput.data, classes, labels: own.data });
    }
    return segmentationFeeds(samples, options);
  };
}

function idsOf(step: number, { ids, recipe: { batch }, seed }: PromptPhotos): string[] {
  return drawBatch(step, { count: ids.length, batch, seed }).map((index) => ids[index]);
}

async function readAugmented(
  id: string,
  place: number,
  step: number,
  { photos, seeds, recipe, seed }: PromptPhotos,
): Promise<{ readonly image: RgbImage; readonly labels: LabelMap | null }> {
  const image = await readPhoto(fileOf(photos, id));
  const labels = seeds === null ? null : readLabelMap(seeds(id));
  return augment(image, labels, random(`${seed} step ${step} picture ${place}`), recipe.augmentation);
}
