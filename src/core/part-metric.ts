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

/** The means over the parts of one object. */
export interface ObjectScores {
  readonly name: string;
  /** Classes of its parts. */
  readonly parts: number;
  readonly miou: number | null;
  readonly macc: number | null;
}

/**
 * The means of `partScores` for each object alone, in the order of their first parts; none where that says nothing
 * new: all parts are of one object, or each of its own, or of none that is known.
 *
 * @param objects  index = class id: what each class is a part of, null where nothing says it
 */
export function objectScores(
  { classes }: PartScores,
  objects: readonly (string | null)[],
): readonly ObjectScores[] {
  const byName = new Map<string, PartClassScores[]>();
  for (const each of classes) {
    const name = objects[each.id];
    if (name !== null) byName.set(name, [...(byName.get(name) ?? []), each]);
  }
  if (byName.size < 2 || [...byName.values()].every(({ length }) => length === 1)) return [];
  return [...byName].map(([name, parts]) => ({
    name,
    parts: parts.length,
    miou: meanKnown(parts.map(({ iou }) => iou)),
    macc: meanKnown(parts.map(({ accuracy }) => accuracy)),
  }));
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
