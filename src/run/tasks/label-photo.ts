import { existsSync } from "node:fs";
import { deeplabCrf } from "../../core/crf.ts";
import { badFormat } from "../../core/error.ts";
import { formatSize, type Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { type ClassId, countLabels, foregroundClasses, type LabelMap } from "../../core/label-map.ts";
import { encodeCam } from "../../data/cam-file.ts";
import { encodeLabelMap } from "../../data/label-file.ts";
import { readFileBytes } from "../../data/paths.ts";
import { readPhoto } from "../../data/photo.ts";
import { labelPixels, readProbabilities } from "../../methods/segment/inference.ts";
import { openScores, type ScoreField } from "../../methods/segment/inference-scores.ts";
import { artifactKey } from "../artifact-key.ts";
import { writeAtomically } from "../files.ts";
import { type LookOptions, scoreOptions } from "../segmenter/predict-look.ts";
import { type ThreadModel, threadClassifier } from "../segmenter/predict-thread.ts";
import type { ItemResult } from "../stage.ts";

export interface LabelPhotoTask {
  readonly photo: string;
  readonly choice: ThreadModel;
  readonly look: LookOptions;
  /** The files to write; null computes and throws away (a dry run). */
  readonly out: {
    readonly labels: string;
    /** Null keeps none. */
    readonly probabilities: string | null;
  } | null;
  readonly stage: string;
  readonly knownKey: string | null;
}

export interface LabelPhotoResult {
  /** That label a pixel, the background among them, ascending. */
  readonly classes: readonly ClassId[];
  readonly bytes: number;
}

/** Labels the pixels of one photo. */
export async function labelPhoto(
  task: LabelPhotoTask,
  signal: AbortSignal,
): Promise<ItemResult<LabelPhotoResult>> {
  const { photo, choice, look, out, stage, knownKey } = task;
  const key = artifactKey(stage, [readFileBytes(photo)]);
  const isThere = (path: string | null): boolean => path === null || existsSync(path);
  if (out !== null && key === knownKey && isThere(out.labels) && isThere(out.probabilities))
    return { key, result: null };
  const image = await readPhoto(photo);
  const classifier = await threadClassifier(choice);
  const { side } = choice.model;
  const seen = { ...scoreOptions(look, image, { side, sides: classifier.sides }), signal };
  const scores = openScores(classifier, choice.model.channelIds, image, seen);
  const labels = await labelPixels(scores, image, ...(look.crf ? [deeplabCrf] : []));
  const files: [path: string, bytes: Uint8Array][] = [];
  if (out !== null) files.push([out.labels, encodeLabelMap(labels)]);
  if (out !== null && out.probabilities !== null)
    files.push([out.probabilities, await encodeProbabilities(scores, labels, image, photo)]);
  for (const [path, bytes] of files) writeAtomically(path, bytes);
  const bytes =
    out === null ? encodeLabelMap(labels).length : files.reduce((sum, [, { length }]) => sum + length, 0);
  const counts = countLabels(labels);
  return { key, result: { classes: [...counts.keys()].filter((id) => counts[id] > 0), bytes } };
}

/** Pixels of the maps that are kept of each picture: readers stretch them to the photo, and take no more. */
const MAX_STRETCHED = 2 ** 28;
/** Of the photo's side: networks see no finer. */
const PROBABILITY_SHARE = 4;

/** The maps of the classes that label a pixel, without the background's, as CAMs are stored. */
async function encodeProbabilities(
  scores: ScoreField,
  labels: LabelMap,
  image: RgbImage,
  photo: string,
): Promise<Uint8Array> {
  const present = foregroundClasses(labels);
  if (present.length * image.height * image.width > MAX_STRETCHED)
    throw badFormat(
      photo,
      `at most ${MAX_STRETCHED} pixels of all classes for --probabilities`,
      `${present.length} classes in ${formatSize(image)}`,
      "Scale the photo down, or leave --probabilities out.",
    );
  const share = (side: number): number => Math.ceil(side / PROBABILITY_SHARE);
  const grid: Size = { height: share(image.height), width: share(image.width) };
  return encodeCam({ ...(await readProbabilities(scores, present, grid)), kind: "cam" }, image);
}
