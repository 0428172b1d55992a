import type { ClassMaps } from "../../core/class-maps.ts";
import { invalid, shapeMismatch } from "../../core/error.ts";
import { formatSize, isSameSize, type Size } from "../../core/geometry.ts";
import { BACKGROUND, type LabelMap } from "../../core/label-map.ts";
import { checkSize } from "../../core/limits.ts";
import type { Proposal } from "../../core/proposal.ts";
import { rleArea } from "../../core/rle.ts";
import { gatherMasks, paintMasks, stretchByColumns } from "./mask-columns.ts";
import {
  checkBackground,
  type Decision,
  decide,
  type SeedBackground,
  scaleRows,
  softmaxColumns,
} from "./scores.ts";

/** How activations become the masks' scores in [0, 1]. The published names are in parentheses. */
export type MaskScoring =
  /** Clamp at 0, mean in each mask, min-max over the masks (`True`; all published recipes). */
  | { readonly kind: "clamp-first" }
  /** Mean of the signed map, then clamp and min-max over the masks (`False`). */
  | { readonly kind: "mean-first" }
  /** Clamp and min-max over the pixels, mean, min-max over the masks (`double_norm`). */
  | { readonly kind: "twice" }
  /** The maps are scores already (`no_norm`). */
  | { readonly kind: "none" }
  /** softmax(gamma · activation) over the classes (`gamma_softmax`). */
  | { readonly kind: "softmax"; readonly gamma: number };

/** Masks are painted in this order of a quantity; what comes later overwrites. */
export type PaintKey = `${"level" | "area" | "confidence"}-${"ascending" | "descending"}`;

export interface SeedFromMasksOptions {
  readonly background: SeedBackground;
  /** @default clamp-first */
  readonly scoring?: MaskScoring;
  /** What a mask has of the pixels' scores. @default "mean" */
  readonly gather?: "mean" | "sum";
  /** First key first. @default level, then confidence, ascending */
  readonly order?: readonly PaintKey[];
}

/** A seed, and how each mask took part in it. */
export interface MaskSeed extends Decision {
  readonly seed: LabelMap;
  /** [S] mask indices as they were painted, the last on top. */
  readonly order: readonly number[];
}

/** Whole objects over parts, then the more confident, also where the background is. */
const PUBLISHED_ORDER: readonly PaintKey[] = ["level-ascending", "confidence-ascending"];

/**
 * A seed by voting in masks (SAMS): each mask gets the mean activation of each class, these are scaled over the masks
 * of the picture, the background gets its score, the highest score labels the whole mask, and masks are painted from
 * low to high priority. Pixels in no mask are background; no pixel is ignore.
 *
 * The map is stretched to the picture. With a single mask min-max gives 0, so all is background, as published. Ties in
 * the score go to the background, then to the class listed first; ties in the order to the mask listed later.
 *
 * Differs: without masks all is background (the published code raises), also without classes; empty masks take no part
 * (there their means are not numbers and spoil all others); sums are float64. Masks without a level count as level 0.
 *
 * @param cam    [P, h, w] on any grid
 * @param masks  of one size, the picture's
 * @throws MaskwrightError SHAPE_MISMATCH if a mask's size differs from `size`
 * @see Yang and Gong 2024 (FMA-WSSS), section on SAM-based seeding; `libs/seeding/seed_anns/score_cw.py`
 */
export function seedFromMasks(
  cam: ClassMaps<"cam" | "score" | "prob">,
  masks: readonly Pick<Proposal, "rle" | "level">[],
  size: Size,
  options: SeedFromMasksOptions,
): MaskSeed {
  const { background, scoring = { kind: "clamp-first" }, gather = "mean", order = PUBLISHED_ORDER } = options;
  checkSize("seedFromMasks: size", size);
  checkBackground("seedFromMasks: background", background);
  checkMasks(masks, size);
  checkGather(gather, scoring, background);
  const areas = masks.map(({ rle }) => rleArea(rle));
  const used = masks.flatMap((_, k) => (areas[k] > 0 ? [k] : []));
  const gathered = gatherMasks(
    scorePixels(cam, size, scoring),
    used.map((k) => masks[k].rle),
    { gather, least: scoring.kind === "clamp-first" ? 0 : Number.NEGATIVE_INFINITY },
  );
  if (scoring.kind !== "none" && scoring.kind !== "softmax") scaleRows(gathered, used.length);
  const decision = decide(gathered, cam.classes, background);
  const spread = spreadDecision(decision, used, masks.length);
  const painted = used.toSorted(
    comparePaint(order, {
      level: masks.map(({ level = 0 }) => level),
      area: areas,
      confidence: spread.confidences,
    }),
  );
  return {
    ...spread,
    order: painted,
    seed: paintMasks(
      painted.map((k) => masks[k].rle),
      painted.map((k) => spread.labels[k]),
      size,
    ),
  };
}

/** The activations over the picture as they go into the masks: [P, W·H], column-major like run lengths. */
function scorePixels(
  cam: ClassMaps<"cam" | "score" | "prob">,
  size: Size,
  scoring: MaskScoring,
): Float32Array {
  const values = stretchByColumns(cam, size);
  const pixelCount = size.height * size.width;
  switch (scoring.kind) {
    case "twice":
      scaleRows(values, pixelCount);
      break;
    case "softmax":
      softmaxColumns(values, pixelCount, scoring.gamma);
      break;
    case "clamp-first":
    case "mean-first":
    case "none":
      break;
    default:
      scoring satisfies never;
  }
  return values;
}

/** The decision over all masks from that over those that are not empty. An empty mask is background with confidence 0. */
function spreadDecision(decision: Decision, used: readonly number[], count: number): Decision {
  if (used.length === count && decision.labels.length === count) return decision;
  const rows = decision.labels.length === 0 ? 1 : decision.scores.length / used.length;
  const labels = new Uint8Array(count).fill(BACKGROUND);
  const confidences = new Float32Array(count);
  const scores = new Float32Array(rows * count);
  decision.labels.forEach((label, s) => {
    labels[used[s]] = label;
    confidences[used[s]] = decision.confidences[s];
    for (let c = 0; c < rows; c++) scores[c * count + used[s]] = decision.scores[c * used.length + s];
  });
  return { labels, confidences, scores };
}

type PaintQuantity = "level" | "area" | "confidence";

function comparePaint(
  order: readonly PaintKey[],
  quantities: Readonly<Record<PaintQuantity, ArrayLike<number>>>,
): (a: number, b: number) => number {
  const keys = order.map((key) => {
    const [by, direction] = key.split("-") as [PaintQuantity, "ascending" | "descending"];
    return { values: quantities[by], sign: direction === "ascending" ? 1 : -1 };
  });
  return (a, b) => {
    for (const { values, sign } of keys) if (values[a] !== values[b]) return sign * (values[a] - values[b]);
    return 0;
  };
}

function checkMasks(masks: readonly Pick<Proposal, "rle">[], size: Size): void {
  const s = masks.findIndex(({ rle }) => !isSameSize(rle, size));
  if (s < 0) return;
  throw shapeMismatch(`mask ${s}`, `${formatSize(size)} like its picture`, formatSize(masks[s].rle));
}

/** (1 − sum)^power is no number once probabilities that were summed exceed 1. */
function checkGather(gather: "mean" | "sum", scoring: MaskScoring, background: SeedBackground): void {
  const isScaled = scoring.kind !== "none" && scoring.kind !== "softmax";
  if (gather === "sum" && !isScaled && background.kind === "power")
    throw invalid("seedFromMasks: background", "another than power for sums that are not scaled", "power");
}
