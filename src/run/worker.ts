import type { MessagePort } from "node:worker_threads";
import { packError } from "../core/remote-error.ts";
import type { Answer } from "./pool.ts";
import type { refineByAffinity } from "./tasks/affinity.ts";
import type { makeCam } from "./tasks/cam.ts";
import type { encodeClasses } from "./tasks/clip-texts.ts";
import type { evaluateItems } from "./tasks/evaluate.ts";
import type { evaluateParts } from "./tasks/evaluate-parts.ts";
import type { extractFeatures } from "./tasks/features.ts";
import type { labelPhoto } from "./tasks/label-photo.ts";
import type { drawLayers } from "./tasks/layers.ts";
import type { lookAtPhoto } from "./tasks/look.ts";
import type { openCamSource } from "./tasks/open-cam-source.ts";
import type { openModel } from "./tasks/open-model.ts";
import type { openSegmenter } from "./tasks/open-segmenter.ts";
import type { drawOverlay } from "./tasks/overlay.ts";
import type { drawPanels } from "./tasks/panels.ts";
import type { predictItem } from "./tasks/predict.ts";
import type { drawPromptSamples } from "./tasks/prompt-samples.ts";
import type { proposeItem } from "./tasks/propose.ts";
import type { refineItem } from "./tasks/refine.ts";
import type { drawSceneFiles } from "./tasks/scene.ts";
import type { seedItem } from "./tasks/seed.ts";
import type { drawSeedPanels } from "./tasks/seed-panels.ts";
import type { segmentItem } from "./tasks/segment.ts";
import type { drawToyBatch } from "./tasks/toy-clip.ts";
import type { cropForTraining } from "./tasks/training-crop.ts";
import type { checkTrainingLabels } from "./tasks/training-labels.ts";

/** What a worker can be asked to do. */
interface Tasks {
  readonly "open-model": typeof openModel;
  readonly "open-cam-source": typeof openCamSource;
  readonly scene: typeof drawSceneFiles;
  readonly "toy-clip": typeof drawToyBatch;
  readonly "prompt-samples": typeof drawPromptSamples;
  readonly "training-labels": typeof checkTrainingLabels;
  readonly "training-crop": typeof cropForTraining;
  readonly propose: typeof proposeItem;
  readonly segment: typeof segmentItem;
  readonly "open-segmenter": typeof openSegmenter;
  readonly "label-photo": typeof labelPhoto;
  readonly predict: typeof predictItem;
  readonly features: typeof extractFeatures;
  readonly look: typeof lookAtPhoto;
  readonly "clip-texts": typeof encodeClasses;
  readonly cam: typeof makeCam;
  readonly affinity: typeof refineByAffinity;
  readonly seed: typeof seedItem;
  readonly "seed-panels": typeof drawSeedPanels;
  readonly refine: typeof refineItem;
  readonly evaluate: typeof evaluateItems;
  readonly "evaluate-parts": typeof evaluateParts;
  readonly overlay: typeof drawOverlay;
  readonly panels: typeof drawPanels;
  readonly layers: typeof drawLayers;
}

export type TaskName = keyof Tasks;
export type TaskOf<N extends TaskName> = Parameters<Tasks[N]>[0];
export type ResultOf<N extends TaskName> = Awaited<ReturnType<Tasks[N]>>;

/** Each task is loaded when it is first asked for, so a worker starts in milliseconds. */
const loaders: { readonly [N in TaskName]: () => Promise<Tasks[N]> } = {
  scene: () => import("./tasks/scene.ts").then((m) => m.drawSceneFiles),
  "toy-clip": () => import("./tasks/toy-clip.ts").then((m) => m.drawToyBatch),
  "open-model": () => import("./tasks/open-model.ts").then((m) => m.openModel),
  "open-cam-source": () => import("./tasks/open-cam-source.ts").then((m) => m.openCamSource),
  "prompt-samples": () => import("./tasks/prompt-samples.ts").then((m) => m.drawPromptSamples),
  "training-labels": () => import("./tasks/training-labels.ts").then((m) => m.checkTrainingLabels),
  "training-crop": () => import("./tasks/training-crop.ts").then((m) => m.cropForTraining),
  propose: () => import("./tasks/propose.ts").then((m) => m.proposeItem),
  segment: () => import("./tasks/segment.ts").then((m) => m.segmentItem),
  "open-segmenter": () => import("./tasks/open-segmenter.ts").then((m) => m.openSegmenter),
  "label-photo": () => import("./tasks/label-photo.ts").then((m) => m.labelPhoto),
  predict: () => import("./tasks/predict.ts").then((m) => m.predictItem),
  features: () => import("./tasks/features.ts").then((m) => m.extractFeatures),
  look: () => import("./tasks/look.ts").then((m) => m.lookAtPhoto),
  "clip-texts": () => import("./tasks/clip-texts.ts").then((m) => m.encodeClasses),
  cam: () => import("./tasks/cam.ts").then((m) => m.makeCam),
  affinity: () => import("./tasks/affinity.ts").then((m) => m.refineByAffinity),
  seed: () => import("./tasks/seed.ts").then((m) => m.seedItem),
  "seed-panels": () => import("./tasks/seed-panels.ts").then((m) => m.drawSeedPanels),
  refine: () => import("./tasks/refine.ts").then((m) => m.refineItem),
  evaluate: () => import("./tasks/evaluate.ts").then((m) => m.evaluateItems),
  "evaluate-parts": () => import("./tasks/evaluate-parts.ts").then((m) => m.evaluateParts),
  overlay: () => import("./tasks/overlay.ts").then((m) => m.drawOverlay),
  panels: () => import("./tasks/panels.ts").then((m) => m.drawPanels),
  layers: () => import("./tasks/layers.ts").then((m) => m.drawLayers),
};

/** What the pool sends to a thread. */
interface Message {
  readonly name: TaskName;
  readonly task: never;
  /** Hears when the task should end halfway. */
  readonly stop?: MessagePort;
}

/** Entry of every worker thread. */
async function handle({ name, task, stop }: Message): Promise<Answer<unknown>> {
  const abort = new AbortController();
  stop?.once("message", () => abort.abort());
  try {
    const run = (await loaders[name]()) as (task: never, signal: AbortSignal) => unknown;
    return { ok: true, value: await run(task, abort.signal) };
  } catch (error) {
    return { ok: false, error: packError(error) };
  } finally {
    stop?.close();
  }
}

// biome-ignore lint/style/noDefaultExport: the thread pool calls its entry's default export
export default handle;
