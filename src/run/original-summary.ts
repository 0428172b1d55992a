import { MaskwrightError } from "../core/error.ts";
import { type OriginalCsvRow, originalCsv, roundHalfEven } from "../core/running-metric.ts";
import type { Evaluation } from "./evaluate.ts";

/** The published evaluation's per-image figures; they are no mIoU and have no data-set value. */
export interface OriginalImage {
  readonly name: string;
  readonly miou: number | null;
  readonly precision: number | null;
  readonly recall: number | null;
}

/** The figures of each picture, rounded as the published code rounds them; null where it has NaN. */
export function originalImages({ items }: Evaluation): OriginalImage[] {
  return items.map(({ id, running }) => ({
    name: id,
    miou: rounded(running?.iou),
    precision: rounded(running?.precision),
    recall: rounded(running?.recall),
  }));
}

/** The published CSV of labels before and after refinement, byte for byte but for the order of its rows. */
export function originalCsvText(before: Evaluation, after: Evaluation): string {
  const earlier = new Map(before.items.map((item) => [item.id, item.running]));
  const rows = after.items.map(({ id, running }): OriginalCsvRow => {
    const pseudo = earlier.get(id);
    if (pseudo == null || running === null) {
      throw new MaskwrightError(
        "INVALID_ARGUMENT",
        `${id}: expected figures before and after, got one of them`,
      );
    }
    return { name: id, pseudo, afterSam: running };
  });
  return originalCsv(rows);
}

function rounded(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : roundHalfEven(value, 3);
}
