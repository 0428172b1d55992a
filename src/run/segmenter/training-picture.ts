import type { Scores } from "../../core/class-maps.ts";
import { badFormat, shapeMismatch } from "../../core/error.ts";
import { formatSize, isSameSize, type Size } from "../../core/geometry.ts";
import { countLabels, IGNORE, type LabelMap } from "../../core/label-map.ts";
import { decodeCam } from "../../data/cam-file.ts";
import { decodeLabelMap } from "../../data/label-file.ts";
import { readFileBytes } from "../../data/paths.ts";
import { softScores } from "../../methods/segment/soft-labels.ts";
import { LABEL_ENDING } from "../label-input.ts";

/** Files of one picture, and how those that are CAMs are read. */
export interface PictureLabels {
  /** A label map, or a CAM whose scores are shares of classes. */
  readonly labels: string;
  /** How sure each pixel's label is: a gray PNG, 255 for sure, or a CAM whose score of the label's class says so; null is sure everywhere. */
  readonly confidence: string | null;
  readonly reading: CamScoring;
  /** Of the data set, the background among them. */
  readonly classCount: number;
}

export interface CamScoring {
  /** Of the background's score (1 − highest)^power. */
  readonly power: number;
  /** What a CAM file's `keys` call the first class after the background. */
  readonly keyBase: 0 | 1;
}

/** A class each, or scores of classes on a grid of their own. */
export type PixelLabels =
  | { readonly kind: "classes"; readonly map: LabelMap }
  | { readonly kind: "scores"; readonly scores: Scores };

export type PixelConfidence =
  | { readonly kind: "levels"; readonly map: LabelMap }
  | { readonly kind: "scores"; readonly scores: Scores };

export interface TrainingLabels {
  readonly labels: PixelLabels;
  readonly confidence: PixelConfidence | null;
}

/**
 * What is known of a picture's pixels.
 *
 * @param photo  size of the photo
 * @throws MaskwrightError NOT_FOUND; BAD_FORMAT for another kind of file or a class beyond the list; SHAPE_MISMATCH for one of another
 *         size than the photo
 */
export function readTrainingLabels(
  { labels: path, confidence: sure, reading, classCount }: PictureLabels,
  photo: Size,
): TrainingLabels {
  const labels = readPixels(path, photo, reading);
  if (labels.kind === "classes") checkClasses(labels.map, classCount, path);
  else checkScored(labels.scores, classCount, path);
  const confidence = sure === null ? null : readPixels(sure, photo, reading);
  return {
    labels,
    confidence: confidence?.kind === "classes" ? { kind: "levels", map: confidence.map } : confidence,
  };
}

function readPixels(path: string, photo: Size, { power, keyBase }: CamScoring): PixelLabels {
  const bytes = readFileBytes(path);
  if (path.toLowerCase().endsWith(LABEL_ENDING)) {
    const map = decodeLabelMap(bytes, path);
    checkSameSize(path, photo, map);
    return { kind: "classes", map };
  }
  const cam = decodeCam(bytes, path, { keyBase });
  if (cam.picture !== undefined) checkSameSize(path, photo, cam.picture);
  return { kind: "scores", scores: softScores(cam, power) };
}

function checkSameSize(path: string, photo: Size, own: Size): void {
  if (!isSameSize(photo, own))
    throw shapeMismatch(path, `${formatSize(photo)} as its photo`, formatSize(own));
}

function checkClasses(map: LabelMap, classCount: number, path: string): void {
  const counts = countLabels(map);
  for (let id = classCount; id < IGNORE; id++) if (counts[id] > 0) throw beyond(path, classCount, id);
}

function checkScored({ classes }: Scores, classCount: number, path: string): void {
  const id = classes.find((each) => each >= classCount);
  if (id !== undefined) throw beyond(path, classCount, id);
}

function beyond(path: string, classCount: number, id: number): Error {
  const expected = `class ids below ${classCount}, or ${IGNORE} where nothing is known`;
  return badFormat(path, expected, String(id), "give --classes the list that the labels were made with");
}

/** Pixels of each class; where classes have shares, their shares of the pixels. */
export function countKnown({ labels }: TrainingLabels, photo: Size, classCount: number): number[] {
  if (labels.kind === "classes") return Array.from(countLabels(labels.map).subarray(0, classCount));
  const { classes, data, height, width } = labels.scores;
  const area = height * width;
  const counts = new Array<number>(classCount).fill(0);
  for (let at = 0; at < area; at++) {
    let sum = 0;
    for (let p = 0; p < classes.length; p++) sum += data[p * area + at];
    for (let p = 0; sum > 0 && p < classes.length; p++) counts[classes[p]] += data[p * area + at] / sum;
  }
  return counts.map((count) => Math.round((count * photo.height * photo.width) / area));
}
