import { join } from "node:path";
import { stageKey } from "../artifact-key.ts";
import { fileOf } from "../label-input.ts";
import type { RunDirectory } from "../run-directory.ts";
import {
  type Failure,
  type FinishedItems,
  noItems,
  runStage,
  type StageOutcome,
  type WorkContext,
} from "../stage.ts";
import type { CamModel, CamResult } from "../tasks/cam.ts";
import type { TrainLine } from "../train-log.ts";
import type { CamSource } from "./cam-source.ts";
import { featuresStage, headStage, type TaggedPhotos } from "./classifier.ts";
import { contextsStage, textsStage } from "./clip-texts.ts";

/** CAMs of photos, and how they came about. */
export interface MadeCams {
  readonly finished: FinishedItems<CamResult>;
  readonly failures: readonly Failure[];
  /** Of the training, if there was one. */
  readonly lines: readonly TrainLine[];
}

/** Changes whenever the CAMs would. */
const CAM_VERSION = 1;

/**
 * All stages from tagged photos to CAMs: for a classifier `OUT/features` and `OUT/head.safetensors`, for CLIP `OUT/texts.safetensors`; then
 * `OUT/cams/<id>.safetensors` and, where it is kept, `OUT/attention/<id>.safetensors`.
 *
 * @param camContext  of `withCamThread`
 */
export async function camStages(
  tagged: TaggedPhotos,
  { source, keepsAttention }: { readonly source: CamSource; readonly keepsAttention: boolean },
  run: RunDirectory,
  camContext: WorkContext,
): Promise<MadeCams> {
  const { model, key, ids, failures: early, lines } = await prepareModel(tagged, source, run, camContext);
  if (model === null) return { finished: noItems, failures: early, lines };
  const request = { ...tagged, ids, model, key, keepsAttention, prefix: "" };
  const { finished, failures } = await camStage(request, run, camContext);
  return { finished, failures: [...early, ...failures], lines };
}

export interface CamStageRequest extends TaggedPhotos {
  readonly model: CamModel;
  /** What the model was made from. */
  readonly key: string;
  readonly keepsAttention: boolean;
  /** Before the names of the stage and its folders, such as "coarse/". */
  readonly prefix: string;
}

/** The stage that makes the CAMs, alone. @param camContext  of `withCamThread` */
export function camStage(
  { ids, photos, tags, model, key, keepsAttention, prefix }: CamStageRequest,
  run: RunDirectory,
  camContext: WorkContext,
): Promise<StageOutcome<CamResult>> {
  const name = `${prefix}cams`;
  const stage = stageKey({ name, version: CAM_VERSION, options: { model: key, keepsAttention } });
  const fileIn = (folder: string, id: string): string =>
    join(run.dir, `${prefix}${folder}`, `${id}.safetensors`);
  return runStage(
    {
      name,
      worker: "cam",
      ids,
      task: (id, knownKey) => ({
        id,
        photo: fileOf(photos, id),
        tags: tags.get(id) ?? [],
        model,
        out: { cam: fileIn("cams", id), attention: keepsAttention ? fileIn("attention", id) : null },
        stage,
        knownKey,
      }),
    },
    run,
    camContext,
  );
}

interface Prepared extends Pick<MadeCams, "failures" | "lines"> {
  /** Null when no photo was left to train it on. */
  readonly model: CamModel | null;
  /** What it was made from. */
  readonly key: string;
  readonly ids: readonly string[];
}

async function prepareModel(
  tagged: TaggedPhotos,
  source: CamSource,
  run: RunDirectory,
  camContext: WorkContext,
): Promise<Prepared> {
  if (source.kind === "clip") {
    const { clip, texts } = source;
    const { path, key } = await textsStage(source, run, camContext);
    const classCount = texts.classes.length;
    const model = { kind: "clip", clip, texts: path, classCount, competition: "clip-es" } as const;
    return { model, key, ids: tagged.ids, failures: [], lines: [] };
  }
  if (source.kind === "contexts") {
    const { clip, classCount } = source;
    const { path, key } = await contextsStage(source, run, camContext);
    const model = { kind: "clip", clip, texts: path, classCount, competition: "present" } as const;
    return { model, key, ids: tagged.ids, failures: [], lines: [] };
  }
  const { finished, failures } = await featuresStage(tagged, source, run, camContext);
  const { ids } = finished;
  if (ids.length === 0) return { model: null, key: "", ids, failures, lines: [] };
  const { path, key, lines } = await headStage(finished, tagged, source, run, camContext);
  return { model: { kind: "classifier", backbone: source.backbone, head: path }, key, ids, failures, lines };
}
