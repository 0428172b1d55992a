import type { RunSummary } from "../command.ts";
import type { FinishedItems } from "../stage.ts";
import type { SeedResult } from "../tasks/seed.ts";
import type { ScoredRounds, ScoredStage } from "./score-rounds.ts";

export interface SeedReport extends RunSummary {
  readonly pixels: number;
  /** Pixels of some class. */
  readonly labeled: number;
  readonly masks: number;
  /** Images in whose seed some class of their CAM has no pixel. */
  readonly lost: number;
  /** Of each training's last step. */
  readonly losses: readonly { readonly name: string; readonly loss: number | null }[];
  /** Images that have a truth. */
  readonly scored: number;
  /** Data-set scores after each stage, as fractions; none without a truth. */
  readonly stages: readonly ScoredStage[];
  readonly perImage: readonly SeededImage[];
}

export interface SeededImage {
  readonly id: string;
  /** Share of the pixels of some class. */
  readonly labeled: number;
  /** mIoU of this image's first CAM and of its seed alone, where there is a truth. */
  readonly before: number | null;
  readonly after: number | null;
}

/** The data set's figures. */
export function totals(
  finished: FinishedItems<SeedResult>,
): Pick<SeedReport, "pixels" | "labeled" | "masks" | "lost"> {
  const total = { pixels: 0, labeled: 0, masks: 0, lost: 0 };
  for (const { result } of finished) {
    total.pixels += result.pixels;
    total.labeled += result.labeled;
    total.masks += result.masks;
    total.lost += result.classes.some(([, pixels]) => pixels === 0) ? 1 : 0;
  }
  return total;
}

/** Each image's own figures, in order. */
export function perImage(finished: FinishedItems<SeedResult>, scored: ScoredRounds | null): SeededImage[] {
  return Array.from(finished, ({ id, result: { labeled, pixels } }) => ({
    id,
    labeled: labeled / pixels,
    before: scored?.before.get(id) ?? null,
    after: scored?.after.get(id) ?? null,
  }));
}
