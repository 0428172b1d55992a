import { join } from "node:path";
import { stageKey } from "../artifact-key.ts";
import { fileOf } from "../label-input.ts";
import type { RunDirectory } from "../run-directory.ts";
import { type Failure, type Finished, runStage, type WorkContext } from "../stage.ts";
import type { CamResult } from "../tasks/cam.ts";
import type { TrainLine } from "../train-log.ts";
import type { ClassifierSource } from "./cam-source.ts";
import { featuresStage, headStage, type TaggedPhotos } from "./classifier.ts";

/** CAMs of photos, and how they came about. */
export interface MadeCams {
  readonly finished: readonly Finished<CamResult>[];
  readonly failures: readonly Failure[];
  /** Of the head's training. */
  readonly lines: readonly TrainLine[];
}

/** Changes whenever the CAMs would. */
const CAM_VERSION = 1;

/**
 * All stages from tagged photos to CAMs: `OUT/features`, `OUT/head.safetensors`, `OUT/cams/<id>.safetensors` and, where it is kept,
 * `OUT/attention/<id>.safetensors`.
 *
 * @param camContext  of `withCamThread`
 */
export async function camStages(
  tagged: TaggedPhotos,
  { source, keepsAttention }: { readonly source: ClassifierSource; readonly keepsAttention: boolean },
  run: RunDirectory,
  camContext: WorkContext,
): Promise<MadeCams> {
  const features = await featuresStage(tagged, source, run, camContext);
  if (features.finished.length === 0) return { finished: [], failures: features.failures, lines: [] };
  const head = await headStage(features.finished, tagged, source, run, camContext);
  const stage = stageKey({ name: "cams", version: CAM_VERSION, options: { head: head.key, keepsAttention } });
  const fileIn = (folder: string, id: string): string => join(run.dir, folder, `${id}.safetensors`);
  const { finished, failures } = await runStage(
    {
      name: "cams",
      worker: "cam",
      ids: features.finished.map(({ id }) => id),
      task: (id, knownKey) => ({
        id,
        photo: fileOf(tagged.photos, id),
        tags: tagged.tags.get(id) ?? [],
        backbone: source.backbone,
        head: head.path,
        out: { cam: fileIn("cams", id), attention: keepsAttention ? fileIn("attention", id) : null },
        stage,
        knownKey,
      }),
    },
    run,
    camContext,
  );
  return { finished, failures: [...features.failures, ...failures], lines: head.lines };
}
