import { type Estimate, estimateStage } from "../estimate.ts";
import type { Pool } from "../pool.ts";
import type { WorkContext } from "../stage.ts";
import { type Proposer, type Segmenter, withMaskThreads } from "./mask-source.ts";

/**
 * What it would take to make masks of images, judged by a few of them, or by one for a model, which may take a minute an image.
 *
 * @param attempt  does one image with a source that writes nothing; returns the bytes it would have written
 */
export function estimateMasks<S extends Proposer | Segmenter>(
  source: S,
  ids: readonly string[],
  context: WorkContext,
  attempt: (id: string, trial: S, pool: Pool) => Promise<number>,
): Promise<Estimate> {
  const isModel = source.kind === "sam";
  const trial = isModel ? { ...source, model: { ...source.model, cache: null } } : source;
  return withMaskThreads(trial, context, ({ pool }) =>
    estimateStage(ids, (id) => attempt(id, trial, pool), {
      keepGoing: context.keepGoing,
      ...(isModel && { most: 1 }),
    }),
  );
}
