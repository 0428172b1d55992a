import type { Device, Precision } from "../../engine/index.ts";
import { type ProposeWithSamOptions, settingsOf } from "../../methods/proposals/sam-auto/options.ts";
import type { EmbeddingCacheOptions } from "../embedding-cache.ts";
import { createPool } from "../pool.ts";
import type { WorkContext } from "../stage.ts";
import { samVersion } from "./sam-version.ts";

/** A promptable model as it is opened in a thread: values only, so that they can travel there. */
export interface SamModel {
  /** Of the registry, or "onnx:" and a folder. */
  readonly name: string;
  /** SHA-256 of its weights. */
  readonly sha256: string;
  readonly precision: Precision;
  readonly device: Device;
  /** Threads that compute; null is one for each core. */
  readonly threads: number | null;
  /** Where embeddings are kept; null is nowhere. */
  readonly cache: EmbeddingCacheOptions | null;
}

export type SamGenerator = Omit<ProposeWithSamOptions, "signal" | "onProgress">;

/** How proposals are made. */
export type Proposer =
  | { readonly kind: "regions"; readonly maxProposals: number }
  | { readonly kind: "sam"; readonly model: SamModel; readonly generator: SamGenerator };

/** How prompts are answered. */
export type Segmenter = { readonly kind: "regions" } | { readonly kind: "sam"; readonly model: SamModel };

export function modelName(source: Proposer | Segmenter): string {
  return source.kind === "regions" ? "regions" : source.model.name;
}

/** Change whenever the masks of a source would. */
const versions = { regions: 1, sam: samVersion } as const;

/** What decides the masks of a source besides its photos: for `run.json`, and with a version for the keys of what is made. */
export interface MaskIdentity {
  readonly version: number;
  readonly options: Readonly<Record<string, unknown>>;
}

export function proposerIdentity(proposer: Proposer): MaskIdentity {
  const { kind } = proposer;
  if (kind === "regions")
    return {
      version: versions[kind],
      options: { model: "regions", maxProposals: proposer.maxProposals },
    };
  const { model, generator } = proposer;
  const { pointsPerSide = 32, cropPointsDownscale = 1, pointGrids } = generator;
  // The points themselves would be a thousand lines, and how many are decoded at once is no matter of masks.
  const { grids: _, batch: __, ...settings } = settingsOf(generator);
  const points = pointGrids === undefined ? { pointsPerSide, cropPointsDownscale } : { pointGrids };
  const options = { ...modelIdentity(model), generator: { ...settings, ...points } };
  return { version: versions[kind], options };
}

export function segmenterIdentity(segmenter: Segmenter): MaskIdentity {
  const { kind } = segmenter;
  const options = kind === "regions" ? { model: "regions" } : modelIdentity(segmenter.model);
  return { version: versions[kind], options };
}

/** Devices round differently, so theirs are different masks. */
function modelIdentity({ name, sha256, precision, device }: SamModel): Record<string, unknown> {
  return { model: name, sha256, precision, device };
}

/**
 * Calls `work` with threads that make the masks of a source: those of the context, or for a model one that has it open. A network
 * computes with all cores by itself, so one image at a time is looked at; the first Ctrl-C ends it halfway.
 *
 * @throws MaskwrightError when the model cannot be opened, before `work` is called
 */
export async function withMaskThreads<T>(
  source: Proposer | Segmenter,
  context: WorkContext,
  work: (context: WorkContext) => Promise<T>,
): Promise<T> {
  if (source.kind === "regions") return await work(context);
  const pool = createPool(1, context.signal);
  try {
    await pool.run("open-model", source.model);
    return await work({ ...context, pool });
  } finally {
    await pool.close();
  }
}
