import { readFileBytes } from "../../data/paths.ts";
import { readPhoto } from "../../data/photo.ts";
import { artifactKey } from "../artifact-key.ts";
import { countKnown, type PictureLabels, readTrainingLabels } from "../segmenter/training-picture.ts";
import type { ItemResult } from "../stage.ts";

export interface TrainingLabelsTask extends PictureLabels {
  readonly photo: string;
  readonly stage: string;
  readonly knownKey: string | null;
}

export interface TrainingLabelsResult {
  /** Known pixels of each class. */
  readonly pixels: readonly number[];
}

/** Checks what a segmenter is to learn of one photo, before anything is learned. */
export async function checkTrainingLabels(
  task: TrainingLabelsTask,
): Promise<ItemResult<TrainingLabelsResult>> {
  const { photo, stage, knownKey, labels, confidence, classCount } = task;
  const files = [photo, labels, ...(confidence === null ? [] : [confidence])];
  const key = artifactKey(stage, files.map(readFileBytes));
  if (key === knownKey) return { key, result: null };
  // A photo that is damaged is found now, not in the middle of the training.
  const size = await readPhoto(photo);
  return { key, result: { pixels: countKnown(readTrainingLabels(task, size), size, classCount) } };
}
