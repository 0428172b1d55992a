import type { SegmentationScores } from "../core/metrics.ts";
import { describeOddMasks, type OddMasks } from "../data/odd-masks.ts";
import type { RunSummary } from "./command.ts";
import type { Evaluation } from "./evaluate.ts";
import type { FinishedItems } from "./stage.ts";
import type { RefineResult } from "./tasks/refine.ts";

export interface RefineReport extends RunSummary {
  readonly pixels: number;
  readonly changed: number;
  readonly proposals: number;
  readonly taken: number;
  /** Images in which some class vanished. */
  readonly vanished: number;
  readonly ignoreLost: number;
  /** Data-set scores as fractions, when there was a ground truth. */
  readonly scores: { readonly before: SegmentationScores; readonly after: SegmentationScores } | null;
  readonly perImage: readonly RefinedImage[];
}

export interface RefinedImage {
  readonly id: string;
  /** Share of the pixels whose label changed. */
  readonly changed: number;
  /** mIoU of this image alone, when there was a ground truth. */
  readonly before?: number | null;
  readonly after?: number | null;
}

/** Scores of the same images before and after. */
export interface Scored {
  readonly before: Evaluation;
  readonly after: Evaluation;
}

/** The data set's figures. */
export function totals(
  finished: FinishedItems<RefineResult>,
): Pick<RefineReport, "pixels" | "changed" | "proposals" | "taken" | "vanished" | "ignoreLost"> {
  const total = { pixels: 0, changed: 0, proposals: 0, taken: 0, vanished: 0, ignoreLost: 0 };
  for (const { result } of finished) {
    total.pixels += result.pixels;
    total.changed += result.changed;
    total.proposals += result.proposals;
    total.taken += result.taken;
    total.vanished += result.vanished.length > 0 ? 1 : 0;
    total.ignoreLost += result.ignoreLost;
  }
  return total;
}

/** Each image's own figures, in order. */
export function perImage(finished: FinishedItems<RefineResult>, scored: Scored | null): RefinedImage[] {
  const before = new Map(scored?.before.items.map(({ id, miou }) => [id, miou]));
  const after = new Map(scored?.after.items.map(({ id, miou }) => [id, miou]));
  return Array.from(finished, ({ id, result: { changed, pixels } }) => ({
    id,
    changed: changed / pixels,
    ...(scored === null ? {} : { before: before.get(id) ?? null, after: after.get(id) ?? null }),
  }));
}

/** What the user should know of the whole run: each finding once. */
export function warnings(finished: FinishedItems<RefineResult>, { ignoreLost }: RefineReport): string[] {
  const odd = new Map<string, OddMasks>();
  for (const { result } of finished)
    for (const { encoding, count, first } of result.oddMasks) {
      const known = odd.get(encoding);
      odd.set(encoding, { encoding, count: count + (known?.count ?? 0), first: known?.first ?? first });
    }
  const messages = [...odd.values()].map(describeOddMasks);
  if (ignoreLost > 0) {
    const kept = "--keep-ignore keeps those that no proposal paints";
    messages.push(`${ignoreLost} ignore pixels (255) became background or a class; ${kept}`);
  }
  return messages;
}
