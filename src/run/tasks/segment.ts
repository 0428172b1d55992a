import { existsSync } from "node:fs";
import type { Size } from "../../core/geometry.ts";
import type { ClassId, LabelMap } from "../../core/label-map.ts";
import type { LabeledPrompt } from "../../core/object-prompt.ts";
import type { Proposal } from "../../core/proposal.ts";
import { paintRle } from "../../core/rle.ts";
import { encodeLabelMap } from "../../data/label-file.ts";
import { readFileBytes } from "../../data/paths.ts";
import { readPhoto } from "../../data/photo.ts";
import { checkPrompts } from "../../data/prompts.ts";
import { encodeProposals } from "../../data/proposal-file.ts";
import { promptedKey } from "../artifact-key.ts";
import { writeAtomically } from "../files.ts";
import { answerPrompts } from "../masks/make-masks.ts";
import { modelName, type Segmenter } from "../masks/mask-source.ts";
import type { ItemResult } from "../stage.ts";

export interface SegmentTask {
  readonly id: string;
  readonly photo: string;
  readonly segmenter: Segmenter;
  readonly prompts: readonly LabeledPrompt[];
  /** That of the photo, where what the prompts were read from says it. */
  readonly size: Size | null;
  /** What the prompts were read from, for messages. */
  readonly source: string;
  /** Index = class id. */
  readonly categoryIds: readonly number[];
  readonly palette: Uint8Array | null;
  /** The files to write; null computes and throws away (a dry run). */
  readonly out: { readonly objects: string; readonly labels: string } | null;
  readonly stage: string;
  readonly knownKey: string | null;
}

export interface SegmentResult {
  readonly objects: number;
  readonly bytes: number;
}

/** Masks the objects of one photo that prompts mean, and writes them as JSON and as a label map. */
export async function segmentItem(
  task: SegmentTask,
  signal: AbortSignal,
): Promise<ItemResult<SegmentResult>> {
  const { id, photo, segmenter, prompts, size, source, categoryIds, palette, out, stage, knownKey } = task;
  const key = promptedKey(stage, readFileBytes(photo), prompts);
  const isThere = out !== null && existsSync(out.objects) && existsSync(out.labels);
  if (isThere && key === knownKey) return { key, result: null };
  const image = await readPhoto(photo);
  checkPrompts(prompts, image, size, `${source}: ${id}`);
  const objects = await answerPrompts(image, prompts, segmenter, signal);
  const classIds = prompts.map(({ classId }) => classId);
  const { height, width } = image;
  const text = encodeProposals(
    { id, height, width, model: modelName(segmenter), proposals: objects },
    { categoryIds: classIds.map((classId) => categoryIds[classId]) },
  );
  const labels = encodeLabelMap(paintObjects(image, objects, classIds), palette ?? undefined);
  if (out !== null) {
    writeAtomically(out.objects, text);
    writeAtomically(out.labels, labels);
  }
  return { key, result: { objects: objects.length, bytes: text.length + labels.length } };
}

/** The class of each pixel. Where objects overlap the one of the smaller mask is in front; among equals the later one. */
function paintObjects(
  { height, width }: Size,
  objects: readonly Proposal[],
  classIds: readonly ClassId[],
): LabelMap {
  const data = new Uint8Array(height * width);
  const largestFirst = objects.map((_, k) => k).sort((a, b) => objects[b].area - objects[a].area);
  for (const k of largestFirst) paintRle(data, objects[k].rle, classIds[k]);
  return { height, width, data };
}
