import type { Scores } from "../../core/class-maps.ts";
import type { Size } from "../../core/geometry.ts";
import type { LabelMap } from "../../core/label-map.ts";
import { random } from "../../core/random.ts";
import { readPhoto } from "../../data/photo.ts";
import { distortColors } from "../../methods/segment/distortion.ts";
import { cropConfidence, cropShares } from "../../methods/segment/soft-labels.ts";
import { SHARE_STRIDE } from "../../methods/segment/training.ts";
import {
  type CropPlan,
  cropLabels,
  cropLevels,
  cropPixels,
  packSquare,
  planCrop,
} from "../../methods/segment/training-crop.ts";
import {
  type PictureLabels,
  type PixelConfidence,
  readTrainingLabels,
} from "../segmenter/training-picture.ts";

export interface TrainingCropTask extends PictureLabels {
  readonly photo: string;
  /** Of the square, px. */
  readonly side: number;
  /** Levels where the square has no picture. */
  readonly fill: readonly number[];
  /** Decides all that chance does. */
  readonly seed: string;
}

/** A photo as one step sees it. */
export interface TrainingCrop {
  /** [3, S, S] */
  readonly pixels: Uint8Array;
  /** [S, S]; null where shares are given. */
  readonly labels: Uint8Array | null;
  /** [S, S]; null where every pixel counts alike. */
  readonly confidence: Uint8Array | null;
  /** [classes, S / 4, S / 4]; null where classes are given. */
  readonly shares: Float32Array | null;
}

/** Cuts a random square out of a photo, in random colors, with what is known of its pixels. */
export async function cropForTraining(task: TrainingCropTask): Promise<TrainingCrop> {
  const { photo, side, fill, seed, classCount } = task;
  const image = await readPhoto(photo);
  const { labels, confidence } = readTrainingLabels(task, image);
  const chance = random(seed);
  const map = labels.kind === "classes" ? labels.map : null;
  const plan = planCrop(image, map, chance, { side });
  const pixels = packSquare(distortColors(cropPixels(image, plan), chance), side, fill);
  if (labels.kind === "scores") {
    const shares = cropShares(labels.scores, image, plan, { side, stride: SHARE_STRIDE, classCount });
    return { pixels, labels: null, confidence: null, shares };
  }
  const own = cropLabels(labels.map, plan, side);
  const sure = confidence === null ? null : cropSure(confidence, image, plan, own);
  return { pixels, labels: own.data, confidence: sure?.data ?? null, shares: null };
}

function cropSure(confidence: PixelConfidence, image: Size, plan: CropPlan, labels: LabelMap): LabelMap {
  if (confidence.kind === "levels") return cropLevels(confidence.map, plan, labels.height);
  const scores: Scores = confidence.scores;
  return cropConfidence(scores, image, plan, labels);
}
