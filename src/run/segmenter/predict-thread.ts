import { openWeightFile, openWorkerRuntime } from "../../engine/node.ts";
import { createPixelClassifier, type PixelClassifier } from "../../methods/segment/inference-network.ts";
import { segmenterWeights } from "../../models/segmenter/network.ts";
import { createPool } from "../pool.ts";
import type { WorkContext } from "../stage.ts";
import { openEncoder } from "./open-encoder.ts";
import type { LookOptions } from "./predict-look.ts";
import type { PixelModel, PixelRuntime } from "./predict-model.ts";

/** A model as it is opened in a thread. */
export interface ThreadModel extends PixelRuntime {
  readonly model: PixelModel;
}

/** The network of this thread: it is opened once and stays until the thread ends. */
let current: { readonly name: string; readonly classifier: Promise<PixelClassifier> } | null = null;

/** @throws MaskwrightError as `openEncoder`; MODEL without onnxruntime-node or the device */
export function threadClassifier(choice: ThreadModel): Promise<PixelClassifier> {
  const { model, ...runtime } = choice;
  const name = JSON.stringify([model.sha256, model.network, runtime]);
  if (current?.name !== name) current = { name, classifier: open(choice) };
  return current.classifier;
}

async function open({ model, precision, device, threads }: ThreadModel): Promise<PixelClassifier> {
  const { network, normalization, path } = model;
  // Only float32 can be mapped from the file.
  const inMemory = precision !== "float32";
  const encoder = network.kind === "light" ? await openEncoder(network.encoder, { inMemory }) : null;
  const weights = segmenterWeights(openWeightFile(path), network);
  const runtime = await openWorkerRuntime({ device, ...(threads === null ? {} : { threads }) });
  const folder = encoder === null ? {} : { folder: encoder.folder };
  return createPixelClassifier({ network, weights, encoder, normalization }, runtime, {
    precision,
    ...folder,
  });
}

/** Photos that are looked at together where a CRF, which takes one core, takes longer than the network. */
const CRF_THREADS = 4;

/**
 * Calls `work` with threads that have the model open. A network computes with all cores by itself, so one photo at a time is looked at; with a CRF
 * up to four are, each by a network of its own that computes with one core.
 *
 * @throws MaskwrightError when the model cannot be opened or does not see that way, before `work` is called
 */
export async function withPixelThreads<T>(
  choice: ThreadModel,
  look: LookOptions,
  context: WorkContext,
  work: (context: WorkContext, choice: ThreadModel) => Promise<T>,
): Promise<T> {
  const own = look.crf ? { ...choice, threads: 1 } : choice;
  const pool = createPool(look.crf ? Math.min(CRF_THREADS, context.pool.size) : 1, context.signal);
  try {
    await pool.run("open-segmenter", { choice: own, look });
    return await work({ ...context, pool }, own);
  } finally {
    await pool.close();
  }
}
