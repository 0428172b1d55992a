import type { ClassTexts } from "../../core/class-texts.ts";
import type { Device, Precision } from "../../engine/index.ts";
import type { ClipConfig } from "../../models/clip/config.ts";
import { createPool } from "../pool.ts";
import type { WorkContext } from "../stage.ts";

/** The frozen body of an image classifier as it is opened in a thread: values only, so that they can travel there. */
export interface Backbone {
  /** A MobileNetV2, .tflite or by the names of transformers. */
  readonly file: string;
  readonly sha256: string;
  /** Threads that compute; null is one for each core. */
  readonly threads: number | null;
}

/** CLIP as it is opened in a thread. */
export interface ClipModel {
  readonly config: ClipConfig;
  /** Files of its weights and of its tokenizer's vocabulary; null: a vocabulary of words, which the weights name. */
  readonly weights: string;
  readonly vocabulary: string | null;
  /** Of the weights. */
  readonly sha256: string;
  /** What reads photos computes with; texts, and what is differentiated, are float32 but for "float16". */
  readonly precision: Precision;
  readonly device: Device;
  /** Threads that compute; null is one for each core. */
  readonly threads: number | null;
}

/** A head that learns the tags of the photos, over a frozen backbone. */
export interface ClassifierSource {
  readonly kind: "classifier";
  readonly backbone: Backbone;
  /** Of the head's training. */
  readonly seed: number;
}

/** CLIP with texts that say what the classes are called: nothing is learned (CLIP-ES). */
export interface ClipSource {
  readonly kind: "clip";
  readonly clip: ClipModel;
  readonly texts: ClassTexts;
}

/** CLIP with text contexts that an earlier run learned (FMA-WSSS). */
export interface ContextSource {
  readonly kind: "contexts";
  readonly clip: ClipModel;
  /** File of the texts' embeddings, classes first; or, with `around`, of the contexts themselves. */
  readonly texts: string;
  /** SHA-256 of that file. */
  readonly sha256: string;
  readonly classCount: number;
  /** What contexts of other code stand around: these are encoded first. */
  readonly around?: ClassTexts;
}

/** What makes the CAMs of tagged photos. */
export type CamSource = ClassifierSource | ClipSource | ContextSource;

export const sourceKinds: readonly CamSource["kind"][] = ["classifier", "clip", "contexts"];

/** What decides a source's CAMs besides photos and tags, for `run.json`. */
export function sourceIdentity(source: CamSource): Record<string, unknown> {
  if (source.kind === "classifier")
    return { source: source.kind, backbone: source.backbone.sha256, seed: source.seed };
  const { kind, clip } = source;
  const texts = kind === "clip" ? source.texts : source.sha256;
  const around = kind === "contexts" && source.around !== undefined ? { around: source.around } : {};
  return { source: kind, ...clipIdentity(clip), texts, ...around };
}

/** What decides the numbers of a CLIP. */
export function clipIdentity({ sha256, precision, device }: ClipModel): {
  readonly clip: string;
  readonly precision: Precision;
  readonly device: Device;
} {
  return { clip: sha256, precision, device };
}

/**
 * Calls `work` with a thread that has the source's network open. It computes with all cores by itself, so one photo at a time is looked at.
 *
 * @throws MaskwrightError when the network cannot be opened, before `work` is called
 */
export async function withCamThread<T>(
  source: CamSource,
  context: WorkContext,
  work: (context: WorkContext) => Promise<T>,
): Promise<T> {
  const pool = createPool(1, context.signal);
  try {
    await pool.run("open-cam-source", source);
    return await work({ ...context, pool });
  } finally {
    await pool.close();
  }
}
