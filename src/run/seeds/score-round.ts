import { join } from "node:path";
import { MaskwrightError } from "../../core/error.ts";
import { type SegmentationScores, scores } from "../../core/metrics.ts";
import type { SeedRecipe } from "../../methods/fma/recipes.ts";
import { type Evaluation, evaluateLabels } from "../evaluate.ts";
import { type LabelInput, openLabels } from "../label-input.ts";
import type { RunDirectory } from "../run-directory.ts";
import type { Failure, WorkContext } from "../stage.ts";
import type { CamFile } from "../tasks/seed.ts";
import type { SeededRound } from "./seed-round.ts";

/** One stage of a round, scored over the data set. */
export interface ScoredStage {
  readonly name: string;
  readonly scores: SegmentationScores;
}

export interface ScoredRound {
  /** Photos that have a truth. */
  readonly ids: readonly string[];
  /** CAM, affinity where there is any, seeds. */
  readonly stages: readonly ScoredStage[];
  /** mIoU of each photo alone: of its CAM and of its seed. */
  readonly before: ReadonlyMap<string, number | null>;
  readonly after: ReadonlyMap<string, number | null>;
  readonly failures: readonly Failure[];
}

/**
 * The mIoU after each stage of a round, of the photos that have a truth. CAMs become labels pixel by pixel, with the same background as the
 * seeds.
 *
 * @throws MaskwrightError NOT_FOUND when no photo has a truth
 */
export async function scoreRound(
  done: readonly string[],
  truths: LabelInput,
  cams: (id: string) => CamFile,
  { isRefined }: SeededRound,
  {
    recipe,
    classes,
  }: { readonly recipe: SeedRecipe; readonly classes: { readonly classes: readonly string[] } },
  run: RunDirectory,
  context: WorkContext,
): Promise<ScoredRound> {
  const ids = done.filter((id) => truths.files.has(id));
  if (ids.length === 0)
    throw new MaskwrightError(
      "NOT_FOUND",
      `${truths.folder}: expected truth of ${done[0]} or others, got none`,
    );
  const files = new Map(ids.map((id) => [id, cams(id).path]));
  const { keyBase } = cams(ids[0]);
  const score = (pred: LabelInput, base: 0 | 1): Promise<Evaluation> =>
    evaluateLabels(
      {
        pred,
        cams: { background: { kind: "power", power: recipe.power }, keyBase: base },
        truth: truths.folder,
        ids,
        classCount: classes.classes.length,
        running: false,
        boundary: false,
      },
      context,
    );
  const cam = await score({ kind: "cams", folder: "", files }, keyBase);
  const refined = isRefined ? await score(openLabels(join(run.dir, "refined")), 0) : null;
  const seeds = await score(openLabels(join(run.dir, "seeds")), 0);
  const named = { CAM: cam, affinity: refined, seeds };
  const miouOf = ({ items }: Evaluation): ReadonlyMap<string, number | null> =>
    new Map(items.map(({ id, miou }) => [id, miou]));
  return {
    ids,
    stages: Object.entries(named).flatMap(([name, evaluation]) =>
      evaluation === null ? [] : [{ name, scores: scores(evaluation.confusion, classes.classes) }],
    ),
    before: miouOf(cam),
    after: miouOf(seeds),
    failures: [cam, refined, seeds].flatMap((each) => each?.failures ?? []),
  };
}
