import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { secondsSince } from "../command.ts";
import { writeAtomically } from "../files.ts";
import type { LabelInput } from "../label-input.ts";
import type { ReportTraining } from "../report/report.ts";
import type { RunDirectory } from "../run-directory.ts";
import type { Failure, WorkContext } from "../stage.ts";
import { stageFolders } from "./plan-tools.ts";
import type { StageReport } from "./recipe-report.ts";
import type { RecipePlan, ScoredLayer, StageLayer, StageProduct } from "./recipe-stage.ts";
import { stageTrainings } from "./recipe-trainings.ts";
import { type JudgedLayer, scoreLayers } from "./score-layers.ts";
import { showStages } from "./stage-progress.ts";

/** What the stages of a run made, in their order. */
export interface MadeStages {
  readonly stages: readonly StageReport[];
  readonly layers: readonly StageLayer[];
  readonly judged: readonly JudgedLayer[];
  /** Of the photos that no network was trained on: the labels it was taught, and its own. */
  readonly unseen: readonly ScoredLayer[];
  readonly trainings: readonly ReportTraining[];
  /** Photos that every stage has done. */
  readonly ids: readonly string[];
  readonly failures: readonly Failure[];
}

export interface StagesOptions {
  readonly commandLine: string;
  readonly truth: LabelInput | null;
}

/** Runs the stages of a plan one after the other, and scores what each made. A photo that fails in one is left out of the next. */
export async function runStages(
  plan: RecipePlan,
  { commandLine, truth }: StagesOptions,
  { dir: out, journal }: RunDirectory,
  context: WorkContext,
): Promise<MadeStages> {
  const folders = stageFolders(
    out,
    plan.stages.map(({ name }) => name),
  );
  const shown = showStages(context.progress, plan.stages);
  const idsFile = join(out, "ids.txt");
  const [stages, layers, judged, trainings]: [StageReport[], StageLayer[], JudgedLayer[], ReportTraining[]] =
    [[], [], [], []];
  const failures = [...plan.absent];
  const unseen: ScoredLayer[] = [];
  let ids = plan.ids;
  let kept: readonly string[] = [];
  for (const [k, stage] of plan.stages.entries()) {
    const { name, title } = stage;
    const dir = folders[name];
    const startMs = performance.now();
    const isNew = !existsSync(join(dir, "run.json"));
    const staged = { ...context, progress: shown.enter(k, isNew) };
    writeAtomically(idsFile, ids.map((id) => `${id}\n`).join(""));
    const product = await stage.run({ dir, ids: idsFile, context: staged, commandLine });
    const { images, figures, fingerprint } = product;
    const failed = new Set(product.failures.map(({ id }) => id));
    ids = ids.filter((id) => !failed.has(id));
    kept = product.unseen ?? kept;
    const scored = await scoreProduct(product, truth, ids, plan, staged);
    if (kept.length > 0 && truth !== null && product.layers.some(isPrediction))
      unseen.push(...(await scoreUnseen([...layers, ...product.layers], truth, kept, plan, staged)));
    stages.push({ name, folder: basename(dir), title, images, figures, fingerprint });
    layers.push(...product.layers);
    judged.push(...scored);
    failures.push(...product.failures, ...scored.flatMap((layer) => layer.failures));
    trainings.push(...stageTrainings(name, dir));
    journal.note("stage", { stage: name, seconds: secondsSince(startMs) });
  }
  return { stages, layers, judged, unseen, trainings, ids, failures };
}

/** The scores that a stage has of its own, or else those of its layers. */
async function scoreProduct(
  { scores, layers }: StageProduct,
  truth: LabelInput | null,
  ids: readonly string[],
  { classes }: RecipePlan,
  context: WorkContext,
): Promise<JudgedLayer[]> {
  if (scores !== undefined) return scores.map((layer) => ({ ...layer, perImage: new Map(), failures: [] }));
  return truth === null ? [] : await scoreLayers(layers, truth, ids, classes, context);
}

function isPrediction(layer: StageLayer): boolean {
  return layer.kind === "labels" && layer.isPredicted === true;
}

/** The last labels before a prediction, and the prediction. */
async function scoreUnseen(
  layers: readonly StageLayer[],
  truth: LabelInput,
  ids: readonly string[],
  { classes }: RecipePlan,
  context: WorkContext,
): Promise<ScoredLayer[]> {
  const labels = layers.filter(({ kind }) => kind === "labels");
  const compared = [
    ...labels.filter((layer) => !isPrediction(layer)).slice(-1),
    ...labels.filter(isPrediction),
  ];
  return (await scoreLayers(compared, truth, ids, classes, context)).map(toScored);
}

/** A layer's figures, without those of each photo. */
export function toScored({ name, images, scores }: JudgedLayer): ScoredLayer {
  return { name, images, scores };
}
