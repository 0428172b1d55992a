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

/** What makes the CAMs of tagged photos. */
export interface ClassifierSource {
  readonly kind: "classifier";
  readonly backbone: Backbone;
  /** Of the head's training. */
  readonly seed: number;
}

/** Changes whenever the features of a photo would. */
const FEATURES_VERSION = 1;

/** What decides a source's CAMs besides photos and tags, for `run.json` and the keys of what is made. */
export function sourceIdentity({ kind, backbone, seed }: ClassifierSource): Record<string, unknown> {
  return { source: kind, version: FEATURES_VERSION, backbone: backbone.sha256, seed };
}

/**
 * Calls `work` with a thread that has the source's network open. It computes with all cores by itself, so one photo at a time is looked at.
 *
 * @throws MaskwrightError when the network cannot be opened, before `work` is called
 */
export async function withCamThread<T>(
  { backbone }: ClassifierSource,
  context: WorkContext,
  work: (context: WorkContext) => Promise<T>,
): Promise<T> {
  const pool = createPool(1, context.signal);
  try {
    await pool.run("open-backbone", backbone);
    return await work({ ...context, pool });
  } finally {
    await pool.close();
  }
}
