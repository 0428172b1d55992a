import { existsSync } from "node:fs";
import type { Size } from "../../core/geometry.ts";
import type { LabeledPrompt } from "../../core/object-prompt.ts";
import { encodeLabelMap } from "../../data/label-file.ts";
import { encodePartPredictions } from "../../data/part-predictions.ts";
import { readFileBytes } from "../../data/paths.ts";
import { readPhoto } from "../../data/photo.ts";
import { checkPrompts } from "../../data/prompts.ts";
import { centerFrame, placeImage, placeLabel } from "../../methods/wps/frame.ts";
import { decodeTargets, drawParts, type FoundPart, findParts } from "../../methods/wps/predict.ts";
import { teachParts } from "../../methods/wps/teacher.ts";
import { promptedKey } from "../artifact-key.ts";
import { writeAtomically } from "../files.ts";
import { threadModel } from "../masks/thread-model.ts";
import type { PartFinder } from "../parts/part-finder.ts";
import { type Supervision, taughtLabel } from "../parts/part-labels.ts";
import { threadPrompter } from "../parts/thread-prompter.ts";
import type { ItemResult } from "../stage.ts";

export interface PredictTask {
  readonly id: string;
  readonly photo: string;
  /** Path of the photo in its folder, as COCO JSON names it. */
  readonly file: string;
  readonly finder: PartFinder;
  /** True parts, of which the teacher's masks are drawn in place of what the prompter finds. */
  readonly truth: TrueParts | null;
  /** The files to write; null computes and throws away (a dry run). */
  readonly out: { readonly parts: string; readonly labels: string } | null;
  readonly stage: string;
  readonly knownKey: string | null;
}

interface TrueParts {
  readonly prompts: readonly LabeledPrompt[];
  /** That of the photo, where what the prompts were read from says it. */
  readonly size: Size | null;
  readonly supervision: Supervision;
  /** What the prompts were read from, for messages. */
  readonly source: string;
}

export interface PredictResult {
  readonly parts: number;
  readonly bytes: number;
}

/** Side of the square that the published training puts pictures in the middle of. */
const SQUARE = 1024;

/** Finds the parts in one photo, or draws those that are known, and writes them as JSON and as a part map. */
export async function predictItem(task: PredictTask): Promise<ItemResult<PredictResult>> {
  const { id, photo, file, finder, truth, out, stage, knownKey } = task;
  const key = promptedKey(stage, readFileBytes(photo), truth?.prompts);
  const isThere = out !== null && existsSync(out.parts) && existsSync(out.labels);
  if (isThere && key === knownKey) return { key, result: null };
  const image = await readPhoto(photo);
  const sam = await threadModel(finder.model);
  const { frame: kind, classes, categoryIds } = finder.prompter;
  const frame = kind === "center" ? centerFrame(image, SQUARE) : undefined;
  const embedding = await sam.embed(frame === undefined ? image : placeImage(image, frame));
  const find = async (): Promise<FoundPart[]> => {
    const { prompter, projection } = await threadPrompter(finder, sam);
    return await findParts(prompter, sam, embedding, projection);
  };
  const teach = async ({ prompts, size, supervision, source }: TrueParts): Promise<FoundPart[]> => {
    checkPrompts(prompts, image, size, `${source}: ${id}`);
    const own = taughtLabel(prompts, supervision);
    const label = frame === undefined ? own : placeLabel(own, frame);
    return await decodeTargets(sam, embedding, await teachParts(sam, label, embedding.original));
  };
  const found = truth === null ? await find() : await teach(truth);
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
