import type { ClassId } from "./label-map.ts";
import { meanKnown, withoutBackground } from "./metric-parts.ts";
import { type Confusion, scores } from "./metrics.ts";

/** Fractions in [0, 1]; null where there is nothing to judge by. */
export interface PartClassScores {
  readonly id: ClassId;
  readonly name: string;
  readonly iou: number | null;
  /** Share of the class's true pixels that are called so: its pixel accuracy, or recall. */
  readonly accuracy: number | null;
  readonly precision: number | null;
  /** 2 tp / (2 tp + fp + fn), Dice. */
  readonly f1: number | null;
  /** True pixels of the class. */
  readonly pixels: number;
}

export interface PartScores {
  /** Mean IoU over the part classes that occur in the truth or in the predictions. */
  readonly miou: number | null;
  /** The same with the background. */
  readonly miouWithBackground: number | null;
  /** Mean accuracy of the part classes that occur in the truth. */
  readonly macc: number | null;
  /** Correct pixels over all. */
  readonly pixelAccuracy: number | null;
  /** The background's first. */
  readonly classes: readonly PartClassScores[];
}

/** The scores of a data set's part maps by their confusion matrix, in which class 0 is what is no part. */
export function partScores(confusion: Confusion, classNames?: readonly string[]): PartScores {
  const { miou, foregroundMiou, pixelAccuracy, classes } = scores(confusion, classNames);
  return {
    miou: foregroundMiou,
    miouWithBackground: miou,
    macc: meanKnown(withoutBackground(classes.map(({ recall }) => recall))),
    pixelAccuracy,
    classes: classes.map(({ id, name, iou, recall, precision, pixels }) => {
      const f1 = iou === null ? null : (2 * iou) / (1 + iou);
      return { id, name, iou, accuracy: recall, precision, f1, pixels };
    }),
  };
}
