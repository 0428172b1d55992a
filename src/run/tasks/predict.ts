import { existsSync } from "node:fs";
import { encodeLabelMap } from "../../data/label-file.ts";
import { encodePartPredictions } from "../../data/part-predictions.ts";
import { readFileBytes } from "../../data/paths.ts";
import { readPhoto } from "../../data/photo.ts";
import { centerFrame, placeImage } from "../../methods/wps/frame.ts";
import { drawParts, findParts } from "../../methods/wps/predict.ts";
import { artifactKey } from "../artifact-key.ts";
import { writeAtomically } from "../files.ts";
import { threadModel } from "../masks/thread-model.ts";
import type { PartFinder } from "../parts/part-finder.ts";
import { threadPrompter } from "../parts/thread-prompter.ts";
import type { ItemResult } from "../stage.ts";

export interface PredictTask {
  readonly id: string;
  readonly photo: string;
  /** Path of the photo in its folder, as COCO JSON names it. */
  readonly file: string;
  readonly finder: PartFinder;
  /** The files to write; null computes and throws away (a dry run). */
  readonly out: { readonly parts: string; readonly labels: string } | null;
  readonly stage: string;
  readonly knownKey: string | null;
}

export interface PredictResult {
  readonly parts: number;
  readonly bytes: number;
}

/** Side of the square that the published training puts pictures in the middle of. */
const SQUARE = 1024;

/** Finds the parts in one photo and writes them as JSON and as a part map. */
export async function predictItem(task: PredictTask): Promise<ItemResult<PredictResult>> {
  const { photo, file, finder, out, stage, knownKey } = task;
  const key = artifactKey(stage, [readFileBytes(photo)]);
  const isThere = out !== null && existsSync(out.parts) && existsSync(out.labels);
  if (isThere && key === knownKey) return { key, result: null };
  const image = await readPhoto(photo);
  const sam = await threadModel(finder.model);
  const { prompter, projection } = await threadPrompter(finder, sam);
  const { frame: kind, classes, categoryIds } = finder.prompter;
  const frame = kind === "center" ? centerFrame(image, SQUARE) : undefined;
  const embedding = await sam.embed(frame === undefined ? image : placeImage(image, frame));
  const found = await findParts(prompter, sam, embedding, projection);
  const { instances, labels } = drawParts(found, image, frame);
  const { height, width } = image;
  const predictions = encodePartPredictions(
    [{ file, height, width, parts: instances }],
    classes,
    categoryIds,
  );
  const text = `${JSON.stringify(predictions)}\n`;
  const png = encodeLabelMap(labels);
  if (out !== null) {
    writeAtomically(out.parts, text);
    writeAtomically(out.labels, png);
  }
  return { key, result: { parts: instances.length, bytes: text.length + png.length } };
}
