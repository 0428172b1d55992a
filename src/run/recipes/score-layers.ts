import { scores } from "../../core/metrics.ts";
import type { ClassList } from "../../data/class-list.ts";
import { evaluateLabels } from "../evaluate.ts";
import type { LabelInput } from "../label-input.ts";
import type { Failure, WorkContext } from "../stage.ts";
import type { ScoredLayer, StageLayer } from "./recipe-stage.ts";

/** A layer of labels, scored. */
export interface JudgedLayer extends ScoredLayer {
  /** mIoU of each photo alone. */
  readonly perImage: ReadonlyMap<string, number | null>;
  readonly failures: readonly Failure[];
}

/** Scores what a stage made with the photos of `ids` that have a truth; layers without any such photo are left out. */
export async function scoreLayers(
  layers: readonly StageLayer[],
  truth: LabelInput,
  ids: readonly string[],
  { classes }: ClassList,
  context: WorkContext,
): Promise<JudgedLayer[]> {
  const judged: JudgedLayer[] = [];
  for (const layer of layers) {
    if (layer.kind !== "labels") continue;
    const { input, cams, name } = layer;
    const known = ids.filter((id) => truth.files.has(id) && input.files.has(id));
    if (known.length === 0) continue;
    const shared = {
      truth: truth.folder,
      ids: known,
      classCount: classes.length,
      running: false,
      boundary: false,
    };
    const { confusion, items, failures } = await evaluateLabels({ ...shared, pred: input, cams }, context);
    judged.push({
      name,
      images: items.length,
      scores: scores(confusion, classes),
      perImage: new Map(items.map(({ id, miou }) => [id, miou])),
      failures,
    });
  }
  return judged;
}
