import type { NdArray } from "../../core/array.ts";
import type { Trainer } from "../../engine/index.ts";
import { type MatchCounts, matchBatch, tally } from "./match-batch.ts";
import type { CostWeights } from "./matching.ts";
import type { PartTargets } from "./targets.ts";

/** An embedding [1, C, g, g] and the parts of its picture. */
export interface HeldPicture {
  readonly features: NdArray<"float32">;
  readonly targets: PartTargets;
}

/** Means over pictures, and of "left over" the sum, by the names that a step reports them under. */
export type PartValidation = Readonly<
  Record<"loss" | "class" | "token" | "accuracy" | "recall" | "left over", number>
>;

/**
 * How well a prompter in training does on pictures kept out of it: the losses of a step, the shares of queries that say what they
 * should, and the number of parts beyond the queries. Changes nothing.
 *
 * @param trainer   of `compilePartTraining`
 * @param pictures  at least one; one is held at a time
 */
export async function validateParts(
  trainer: Pick<Trainer, "evaluate">,
  pictures: AsyncIterable<HeldPicture>,
  costs?: CostWeights,
): Promise<PartValidation> {
  const sums = { loss: 0, class: 0, token: 0 };
  const counts: MatchCounts[] = [];
  for await (const { features, targets } of pictures) {
    const outputs = await trainer.evaluate("prompt", { features });
    const matching = matchBatch(outputs, [targets], costs);
    counts.push(matching.counts);
    const losses = await trainer.evaluate("score", { ...outputs, ...matching.feeds });
    for (const name of ["loss", "class", "token"] as const) sums[name] += Number(losses[name].data[0]);
  }
  const meanOf = (name: keyof typeof sums): number => sums[name] / counts.length;
  return { loss: meanOf("loss"), class: meanOf("class"), token: meanOf("token"), ...tally(counts) };
}
