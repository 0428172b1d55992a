/** What a target format could not hold, or a reader not take. */
export type LossKind =
  | "ignore-pixels"
  | "hidden-pixels"
  | "layer-pixels"
  | "shared-classes"
  | "crowd-flags"
  | "empty-instances"
  | "background-objects"
  | "class-ids"
  | "splits"
  | "seams"
  | "shapes"
  | "attributes"
  | "levels"
  | "picture-sizes";

const meanings: Readonly<Record<LossKind, string>> = {
  "ignore-pixels": "pixels of class 255, for which the target has no place: they read back as background",
  "hidden-pixels": "pixels of an instance that another one covers: the target holds one class a pixel",
  "layer-pixels":
    "pixels where another class comes to lie on top: the target keeps no order, and small instances are taken to cover large ones",
  "shared-classes":
    "instances that share their class with another one of the picture: a label map does not tell them apart",
  "crowd-flags": "crowd regions that became ordinary regions of their class",
  "empty-instances": "instances without a pixel",
  "background-objects": "instances of a class called background, which the target has no objects of",
  "class-ids": "instances whose class has another number in the target; its name is kept",
  splits: "pictures whose split (train, val, …) the target has no place for",
  seams:
    "instances of several parts or with holes, joined to one outline by seams: tools that draw outlines a pixel wide show them",
  shapes: "shapes without an area that is known here (points, lines, ellipses, cuboids, skeletons)",
  attributes: "shapes with attributes, flags or a description",
  levels: "proposals with a multimask level, for which SAM's metadata.csv has no column",
  "picture-sizes": "pictures without proposals, whose size an empty folder does not tell",
};

export interface Loss {
  readonly kind: LossKind;
  readonly meaning: string;
  readonly count: number;
  /** Pictures it happened in. */
  readonly pictures: number;
  /** The pictures that lost most, at most five. */
  readonly examples: readonly { readonly id: string; readonly count: number }[];
}

/** IoU of every region with itself after it was written and read back. */
export interface RoundTrip {
  /** Regions compared: one for each class in a picture, or each instance or proposal. */
  readonly compared: number;
  /** null when there was no region to compare. */
  readonly meanIou: number | null;
  readonly minIou: number | null;
  /** The picture with the lowest IoU, when that is below 1. */
  readonly worst: string | null;
}

export interface LossLedger {
  readonly pictures: number;
  /** Empty when the target holds everything. */
  readonly losses: readonly Loss[];
  readonly roundTrip: RoundTrip;
  readonly warnings: readonly string[];
}

/** A ledger that is being written; it does not grow with the data set. */
export interface OpenLedger {
  picture(): void;
  /** Enters a loss; nothing for a count of 0. */
  lose(kind: LossKind, id: string, count: number): void;
  compare(id: string, iou: number): void;
  warn(message: string): void;
  close(): LossLedger;
}

type OpenLoss = { count: number; pictures: number; examples: { id: string; count: number }[] };

const EXAMPLES = 5;

export function openLedger(): OpenLedger {
  const losses = new Map<LossKind, OpenLoss>();
  const warnings: string[] = [];
  let pictures = 0;
  let compared = 0;
  let sum = 0;
  let minIou = 1;
  let worst: string | null = null;
  return {
    picture: () => void pictures++,
    lose(kind, id, count) {
      if (count === 0) return;
      const loss = losses.get(kind) ?? { count: 0, pictures: 0, examples: [] };
      losses.set(kind, loss);
      loss.count += count;
      loss.pictures++;
      loss.examples.push({ id, count });
      if (loss.examples.length > EXAMPLES)
        loss.examples = loss.examples.toSorted((a, b) => b.count - a.count).slice(0, EXAMPLES);
    },
    compare(id, iou) {
      compared++;
      sum += iou;
      if (iou >= minIou) return;
      minIou = iou;
      worst = id;
    },
    warn: (message) => void warnings.push(message),
    close: () => ({
      pictures,
      losses: [...losses].map(([kind, { examples, ...counts }]) => ({
        kind,
        meaning: meanings[kind],
        ...counts,
        examples: examples.toSorted((a, b) => b.count - a.count),
      })),
      roundTrip:
        compared === 0
          ? { compared, meanIou: null, minIou: null, worst }
          : { compared, meanIou: sum / compared, minIou, worst },
      warnings,
    }),
  };
}

/** Whether anything was lost: an entry, or a region that did not come back whole. */
export function hasLosses({ losses, roundTrip }: LossLedger): boolean {
  return losses.length > 0 || (roundTrip.minIou !== null && roundTrip.minIou < 1);
}
