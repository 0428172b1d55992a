import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { invalid, MaskwrightError } from "../../core/error.ts";
import { splitIds } from "../../data/split.ts";
import type { PixelSupervision } from "../../methods/segment/training.ts";
import { fileOf, type LabelInput, openLabels, openPhotos } from "../label-input.ts";
import { type SelectionOptions, selectIds } from "../selection.ts";
import type { CamScoring, PictureLabels } from "./training-picture.ts";

/** Folders that a segmenter learns from. */
export interface TrainingFolders {
  readonly images: string;
  /** Label maps, or CAMs whose scores are shares of classes. */
  readonly labels: string;
  /** How sure each pixel's label is; null is sure everywhere. */
  readonly confidence: string | null;
  readonly reading: CamScoring;
}

/** Which of the photos a run is validated with. */
export type ValidationChoice =
  | { readonly kind: "share"; readonly share: number }
  /** Ids of photos that need no other labels than these. */
  | { readonly kind: "ids"; readonly ids: readonly string[] };

export interface TrainingSelection {
  readonly photos: ReadonlyMap<string, string>;
  readonly labels: LabelInput;
  readonly confidence: LabelInput | null;
  readonly training: readonly string[];
  readonly validation: readonly string[];
}

/**
 * The photos that have labels, apart those that are kept for validation. Photos without a label are not looked at.
 *
 * @throws MaskwrightError as `openPhotos`, `openLabels` and `selectIds`; INVALID_ARGUMENT for confidences beside shares of classes; NOT_FOUND
 *         when a photo of the id list has no label, or a label no confidence
 */
export async function selectTraining(
  { images, labels: folder, confidence: sure }: TrainingFolders,
  choice: ValidationChoice,
  { seed, ...selection }: SelectionOptions & { readonly seed: number },
): Promise<TrainingSelection> {
  const photos = openPhotos(images);
  const labels = openLabels(folder);
  const confidence = sure === null ? null : openLabels(sure);
  if (confidence !== null && labels.kind === "cams")
    throw invalid("--confidence", "label maps in --labels: the scores of CAMs say how sure they are", folder);
  const both = [...photos.keys()].filter((id) => labels.files.has(id));
  const ids = await selectIds(both, `${images} and ${labels.folder}`, selection);
  const { training, validation } = splitTraining(ids, choice, { photos, images, seed });
  const unsure = training.filter((id) => confidence !== null && !confidence.files.has(id));
  if (unsure.length > 0)
    throw new MaskwrightError(
      "NOT_FOUND",
      `${sure}: expected a file for each of ${training.length} photos, got none for ${unsure.length} of them (${unsure[0]})`,
    );
  return { photos, labels, confidence, training, validation };
}

/**
 * Photos to train on and photos to validate with.
 *
 * @throws MaskwrightError NOT_FOUND for a photo of the id list that is not there, and when none is left to train on
 */
export function splitTraining(
  ids: readonly string[],
  choice: ValidationChoice,
  { photos, images, seed }: { photos: ReadonlyMap<string, string>; images: string; seed: number },
): Pick<TrainingSelection, "training" | "validation"> {
  const split =
    choice.kind === "share"
      ? splitIds(ids, { share: choice.share, seed })
      : { training: ids.filter((id) => !choice.ids.includes(id)), validation: choice.ids };
  const missing = split.validation.find((id) => !photos.has(id));
  if (missing !== undefined)
    throw new MaskwrightError(
      "NOT_FOUND",
      `--val-ids: expected photos of ${images}, got none for ${missing}`,
    );
  if (split.training.length === 0)
    throw new MaskwrightError(
      "NOT_FOUND",
      `${images}: expected photos to train on beside the ${split.validation.length} for validation, got none`,
    );
  return split;
}

/** A photo and what is known of it. */
export interface TrainingItem extends PictureLabels {
  readonly id: string;
  readonly photo: string;
}

/** The files of each id. */
export function itemsOf(
  { photos, labels, confidence }: Pick<TrainingSelection, "photos" | "labels" | "confidence">,
  reading: Pick<PictureLabels, "reading" | "classCount">,
): (id: string) => TrainingItem {
  return (id) => ({
    id,
    photo: fileOf(photos, id),
    labels: fileOf(labels.files, id),
    confidence: confidence === null ? null : fileOf(confidence.files, id),
    ...reading,
  });
}

/** What is known of pixels, by what the folders hold. */
export function supervisionOf({
  labels,
  confidence,
}: Pick<TrainingSelection, "labels" | "confidence">): PixelSupervision {
  if (labels.kind === "cams") return "shares";
  return confidence === null ? "classes" : "weighted";
}

/** File of each validation photo's truth. @throws MaskwrightError NOT_FOUND for a photo without one */
export function truthsOf(
  { validation, labels }: Pick<TrainingSelection, "validation" | "labels">,
  folder: string | null,
): ReadonlyMap<string, string> {
  const truths = folder === null ? labels : openLabels(folder);
  if (validation.length > 0 && truths.kind === "cams")
    throw new MaskwrightError(
      "INVALID_ARGUMENT",
      `${truths.folder}: expected label maps to validate with, got CAMs`,
      { hint: "--val-labels DIR names label maps; --val 0 does without validation" },
    );
  return new Map(
    validation.map((id) => {
      const file = truths.files.get(id);
      if (file !== undefined && existsSync(file)) return [id, file] as const;
      throw new MaskwrightError(
        "NOT_FOUND",
        `${join(truths.folder, `${id}.png`)}: expected the truth of a validation photo, got nothing there`,
      );
    }),
  );
}

/** Folders as `run.json` names them. @param truth  of validation */
export function inputsOf(
  { images, labels, confidence }: TrainingFolders,
  truth: string | null,
): Record<string, string> {
  return {
    images: resolve(images),
    labels: resolve(labels),
    ...(confidence !== null && { confidence: resolve(confidence) }),
    ...(truth !== null && { truth: resolve(truth) }),
  };
}
