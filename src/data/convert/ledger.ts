/** What a target format could not hold. */
export type LossKind =
  | "ignore-pixels"
  | "hidden-pixels"
  | "shared-classes"
  | "crowd-flags"
  | "empty-instances"
  | "levels"
  | "picture-sizes";

const meanings: Readonly<Record<LossKind, string>> = {
  "ignore-pixels": "pixels of class 255, for which COCO has no place: they read back as background",
  "hidden-pixels": "pixels of an instance that another class covers: a label map holds one class a pixel",
  "shared-classes":
    "instances that share their class with another one of the picture: a label map does not tell them apart",
  "crowd-flags": "crowd regions that became ordinary regions of their class",
  "empty-instances": "instances without a pixel",
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
  /** Regions compared: one for each class in a picture, or each proposal. */
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

/** A ledger that is being written. */
export interface OpenLedger {
  picture(): void;
  /** Enters a loss; nothing for a count of 0. */
  lose(kind: LossKind, id: string, count: number): void;
  compare(id: string, iou: number): void;
  warn(message: string): void;
  close(): LossLedger;
}

export function openLedger(): OpenLedger {
  const losses = new Map<LossKind, { id: string; count: number }[]>();
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
      const entries = losses.get(kind);
      if (entries === undefined) losses.set(kind, [{ id, count }]);
      else entries.push({ id, count });
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
      losses: [...losses].map(([kind, entries]) => toLoss(kind, entries)),
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

function toLoss(kind: LossKind, entries: readonly { id: string; count: number }[]): Loss {
  const examples = entries.toSorted((a, b) => b.count - a.count).slice(0, 5);
  const count = entries.reduce((total, entry) => total + entry.count, 0);
  return { kind, meaning: meanings[kind], count, pictures: entries.length, examples };
}
