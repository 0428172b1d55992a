import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { badFormat } from "../../core/error.ts";
import type { ClassId } from "../../core/label-map.ts";
import { readSafetensors } from "../../core/safetensors.ts";
import { formatShape } from "../../engine/index.ts";
import { openWorkerRuntime } from "../../engine/node.ts";
import { encodeTagHead } from "../../methods/classifier/head-file.ts";
import {
  type TaggedFeatures,
  type TagHead,
  tagHeadTraining,
  trainTagHead,
} from "../../methods/classifier/tag-head.ts";
import { artifactKey, stageKey } from "../artifact-key.ts";
import { writeAtomically } from "../files.ts";
import { fileOf } from "../label-input.ts";
import type { RunDirectory } from "../run-directory.ts";
import { type FinishedItems, runStage, type StageOutcome, type WorkContext } from "../stage.ts";
import type { FeaturesResult } from "../tasks/features.ts";
import { openTrainLog, type TrainLine } from "../train-log.ts";
import type { ClassifierSource } from "./cam-source.ts";

/** Photos with their tags. */
export interface TaggedPhotos {
  readonly ids: readonly string[];
  /** File of each id. */
  readonly photos: ReadonlyMap<string, string>;
  /** Classes of each id. */
  readonly tags: ReadonlyMap<string, readonly ClassId[]>;
}

/** A head that was trained, now or by an earlier run. */
export interface TrainedHead {
  readonly path: string;
  /** What it was made from. */
  readonly key: string;
  readonly lines: readonly TrainLine[];
}

/** Change whenever features, or a trained head, would. */
const FEATURES_VERSION = 1;
const HEAD_VERSION = 1;

/** The features of each photo: `OUT/features/<id>.safetensors`. @param context  of `withCamThread` */
export function featuresStage(
  { ids, photos }: TaggedPhotos,
  source: ClassifierSource,
  run: RunDirectory,
  context: WorkContext,
): Promise<StageOutcome<FeaturesResult>> {
  const { sha256: model } = source.backbone;
  const stage = stageKey({ name: "features", version: FEATURES_VERSION, options: {}, model });
  return runStage(
    {
      name: "features",
      worker: "features",
      ids,
      task: (id, knownKey) => ({
        id,
        photo: fileOf(photos, id),
        backbone: source.backbone,
        out: featuresFile(run, id),
        stage,
        knownKey,
      }),
    },
    run,
    context,
  );
}

/**
 * The head for the classes that occur in the photos' tags: `OUT/head.safetensors`, with its log `OUT/head.ndjson`. It is trained on every
 * view of every photo, from the start when a run is stopped: that takes seconds.
 *
 * @param features  what `featuresStage` finished
 * @throws MaskwrightError INVALID_ARGUMENT when no photo has a tag; ABORTED when the signal fires
 */
export async function headStage(
  features: FinishedItems<FeaturesResult>,
  { tags }: TaggedPhotos,
  { seed, backbone }: ClassifierSource,
  run: RunDirectory,
  { progress, signal }: WorkContext,
): Promise<TrainedHead> {
  const tagsOf = (id: string): readonly ClassId[] => tags.get(id) ?? [];
  const classes = [...new Set(features.ids.flatMap(tagsOf))].sort((a, b) => a - b);
  const [path, log] = ["head.safetensors", "head.ndjson"].map((name) => join(run.dir, name));
  const { steps, rate } = tagHeadTraining;
  const stage = stageKey({
    name: "head",
    version: HEAD_VERSION,
    options: { seed, steps, rate },
  });
  const made = Array.from(features, ({ id, key }) => [id, key, tagsOf(id)]);
  const key = artifactKey(stage, [Buffer.from(JSON.stringify(made))]);
  const isThere = existsSync(path) && existsSync(log) && run.journal.find("head", "head")?.key === key;
  const lines = openTrainLog(log, isThere ? steps : 0);
  if (isThere) {
    lines.close();
    return { path, key, lines: lines.lines };
  }
  progress.begin("head", steps);
  const runtime = await openWorkerRuntime(backbone.threads === null ? {} : { threads: backbone.threads });
  let head: TagHead;
  try {
    const data = joinFeatures(features.ids.map((id) => ({ path: featuresFile(run, id), tags: tagsOf(id) })));
    head = await trainTagHead(data, classes, runtime, {
      seed,
      steps,
      rate,
      signal,
      onStep(step, loss) {
        lines.append({ step, steps, rate, numbers: { loss }, secondsLeft: 0 });
        progress.advance(`${step}`, `loss ${Number(loss.toPrecision(4))}`);
      },
    });
  } finally {
    progress.end();
    lines.close();
    await runtime.close();
  }
  writeAtomically(path, encodeTagHead(head));
  run.journal.finish("head", "head", { key, result: { loss: lines.lines[steps - 1].loss } });
  return { path, key, lines: lines.lines };
}

function featuresFile({ dir }: RunDirectory, id: string): string {
  return join(dir, "features", `${id}.safetensors`);
}

/** Features of all views of all photos, one below the other. */
function joinFeatures(
  files: readonly { readonly path: string; readonly tags: readonly ClassId[] }[],
): TaggedFeatures {
  const parts = files.map(({ path, tags }) => {
    const array = readSafetensors(readFileSync(path), path).get("features");
    if (array?.dtype !== "float32" || array.shape.length !== 2)
      throw badFormat(
        path,
        'float32 "features" [V, F]',
        array === undefined ? "none" : formatShape(array.shape),
      );
    const [views, size] = array.shape;
    return { data: array.data as Float32Array, tags: Array.from({ length: views }, () => tags), size };
  });
  const { size } = parts[0];
  const length = parts.reduce((sum, { data }) => sum + data.length, 0);
  const data = new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return {
    features: { dtype: "float32", shape: [length / size, size], data },
    tags: parts.flatMap(({ tags }) => tags),
  };
}
