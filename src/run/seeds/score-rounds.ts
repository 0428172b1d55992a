import { join } from "node:path";
import { MaskwrightError } from "../../core/error.ts";
import { type SegmentationScores, scores } from "../../core/metrics.ts";
import type { ClassList } from "../../data/class-list.ts";
import { type Evaluation, evaluateLabels } from "../evaluate.ts";
import { type LabelInput, openLabels } from "../label-input.ts";
import type { RunDirectory } from "../run-directory.ts";
import type { Failure, WorkContext } from "../stage.ts";
import type { MadeRound } from "./make-seeds.ts";

/** One stage of a run, scored over the data set. */
export interface ScoredStage {
  readonly name: string;
  readonly scores: SegmentationScores;
}

export interface ScoredRounds {
  /** Photos that have a truth. */
  readonly ids: readonly string[];
  /** Of each round CAM, affinity where there is any, seeds. */
  readonly stages: readonly ScoredStage[];
  /** mIoU of each photo alone: of its first CAM and of its seed. */
  readonly before: ReadonlyMap<string, number | null>;
  readonly after: ReadonlyMap<string, number | null>;
  readonly failures: readonly Failure[];
}

/**
 * The mIoU after each stage of each round, of the photos that have a truth. CAMs become labels pixel by pixel, with the same background as
 * the round's seeds; those of a folder with all maps in their files.
 *
 * @throws MaskwrightError NOT_FOUND when no photo has a truth
 */
export async function scoreRounds(
  done: readonly string[],
  truths: LabelInput,
  rounds: readonly MadeRound[],
  { classes }: { readonly classes: ClassList },
  run: RunDirectory,
  context: WorkContext,
): Promise<ScoredRounds> {
  const ids = done.filter((id) => truths.files.has(id));
  if (ids.length === 0) {
    const text = `${truths.folder}: expected truth of ${done[0]} or others, got none`;
    throw new MaskwrightError("NOT_FOUND", text);
  }
  const evaluations: { name: string; evaluation: Evaluation }[] = [];
  for (const { prefix, label, recipe, cams, isRefined } of rounds) {
    const files = new Map(ids.map((id) => [id, cams(id).path]));
    const made = (name: string): LabelInput => openLabels(join(run.dir, `${prefix}${name}`));
    const inputs: [name: string, pred: LabelInput][] = [
      ["CAM", { kind: "cams", folder: "", files }],
      ...(isRefined ? [["affinity", made("refined")] satisfies [string, LabelInput]] : []),
      ["seeds", made("seeds")],
    ];
    for (const [name, pred] of inputs) {
      const keyBase = name === "CAM" ? cams(ids[0]).keyBase : 0;
      const reading = { background: { kind: "power", power: recipe.power }, keyBase } as const;
      const shared = { ids, truth: truths.folder, classCount: classes.classes.length };
      const evaluation = await evaluateLabels(
        { ...shared, pred, cams: reading, stretched: true, running: false, boundary: false },
        context,
      );
      evaluations.push({ name: `${label}${name}`, evaluation });
    }
  }
  const miouOf = ({ items }: Evaluation): ReadonlyMap<string, number | null> =>
    new Map(items.map(({ id, miou }) => [id, miou]));
  return {
    ids,
    stages: evaluations.map(({ name, evaluation: { confusion } }) => ({
      name,
      scores: scores(confusion, classes.classes),
    })),
    before: miouOf(evaluations[0].evaluation),
    after: miouOf(evaluations[evaluations.length - 1].evaluation),
    failures: evaluations.flatMap(({ evaluation }) => evaluation.failures),
  };
}
