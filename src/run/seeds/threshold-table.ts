import type { ClassId } from "../../core/label-map.ts";
import { formatPercent } from "../report/figures.ts";
import type { ReportTable } from "../report/report.ts";
import type { MadeRound } from "./make-seeds.ts";
import type { ScoredStage } from "./score-rounds.ts";

export interface ThresholdTableOptions {
  /** index = class id */
  readonly classNames: readonly string[];
  /** Of each photo; null without tags: then its CAM says which classes may be there. */
  readonly tags: ReadonlyMap<string, readonly ClassId[]> | null;
  /** Whether masks voted with what the dense CRF made of the scores. */
  readonly crf: boolean;
  /** None without a truth. */
  readonly stages: readonly ScoredStage[];
}

interface Column {
  readonly head: string;
  readonly cell: (id: ClassId) => string;
}

/** From which score on a class is seen in each round, and what came of it: one row a class. */
export function thresholdTable(
  rounds: readonly Pick<MadeRound, "label" | "recipe" | "finished">[],
  { classNames, tags, crf, stages }: ThresholdTableOptions,
): ReportTable {
  const counts = rounds.map((round) => countClasses(round, tags, classNames.length));
  const { expected } = counts[counts.length - 1];
  const columns = rounds.flatMap(({ label, recipe }, r): Column[] => {
    const { seen, pixels, total } = counts[r];
    const threshold = thresholdOf(recipe.power).toFixed(3);
    const scored = stages.find(({ name }) => name === `${label}seeds`)?.scores.classes;
    return [
      { head: `${label}score above`, cell: () => threshold },
      { head: `in ${label}seeds`, cell: (id) => String(seen[id]) },
      { head: `% of pixels`, cell: (id) => formatPercent(total === 0 ? null : pixels[id] / total) },
      ...(scored === undefined
        ? []
        : [{ head: "IoU", cell: (id: ClassId) => formatPercent(scored[id].iou) }]),
    ];
  });
  const head = tags === null ? "photos with a CAM" : "photos tagged";
  const all = [{ head, cell: (id: ClassId) => String(expected[id]) }, ...columns];
  return {
    title: "Thresholds and seeds by class",
    text: describeThresholds(crf),
    heads: all.map((column) => column.head),
    rows: classNames.slice(1).map((_, c) => ({ classId: c + 1, cells: all.map(({ cell }) => cell(c + 1)) })),
  };
}

function describeThresholds(crf: boolean): string {
  const rule =
    "A class is seen where its score is the highest and above that of the background, (1 − score)^power. The power alone decides from which score on, so all classes of a round have the same.";
  const scale = "of a photo: 0 where its CAM is lowest or negative, 1 where it is highest";
  return crf
    ? `${rule} Scores are those of the pixels ${scale}. So it is before the dense CRF, which then moves them: a mask is of that class, or the background, whose probability has the highest mean in it, and no threshold of its own.`
    : `${rule} Scores are those of the masks ${scale}; of a CAM alone they are those of the pixels.`;
}

/** By class: photos that may show it, photos whose seed does, and its pixels in all seeds. */
function countClasses(
  { finished }: Pick<MadeRound, "finished">,
  tags: ThresholdTableOptions["tags"],
  length: number,
): Readonly<Record<"expected" | "seen" | "pixels", readonly number[]>> & { readonly total: number } {
  const [expected, seen, pixels] = [0, 1, 2].map(() => Array<number>(length).fill(0));
  let total = 0;
  for (const { id: photo, result } of finished) {
    total += result.pixels;
    for (const id of tags?.get(photo) ?? (tags === null ? result.classes.map(([id]) => id) : []))
      expected[id]++;
    for (const [id, count] of result.classes) {
      seen[id] += count > 0 ? 1 : 0;
      pixels[id] += count;
    }
  }
  return { expected, seen, pixels, total };
}

/** The score x at which a class and the background are even: x = (1 − x)^power. */
export function thresholdOf(power: number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (middle < (1 - middle) ** power) low = middle;
    else high = middle;
  }
  return low;
}
