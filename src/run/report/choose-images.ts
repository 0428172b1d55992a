import { compareText } from "../../core/text-order.ts";
import { gainOf } from "./figures.ts";
import type { ReportImage } from "./report.ts";

export interface ChosenImages {
  /** Largest gain first. */
  readonly best: readonly ReportImage[];
  /** Largest loss first. */
  readonly worst: readonly ReportImage[];
}

/**
 * The images with the largest and the smallest gain in mIoU: `count` of each, or half of them each
 * (best the larger half) when there are fewer than twice that many. No image is in both.
 *
 * Images without a gain are left out. Equal gains go by id (code units), in both lists.
 */
export function chooseImages(images: readonly ReportImage[], count = 10): ChosenImages {
  const ranked = images
    .flatMap((image) => {
      const gain = gainOf(image.before, image.after);
      return gain === null ? [] : [{ image, gain }];
    })
    .sort((a, b) => b.gain - a.gain || compareText(a.image.id, b.image.id));
  const bestCount = Math.min(count, Math.ceil(ranked.length / 2));
  const best = ranked.slice(0, bestCount);
  const worst = ranked
    .slice(bestCount)
    .sort((a, b) => a.gain - b.gain || compareText(a.image.id, b.image.id))
    .slice(0, count);
  return { best: best.map(({ image }) => image), worst: worst.map(({ image }) => image) };
}
