import { formatCount } from "../../core/count.ts";
import type { PartDataset } from "../../data/part-dataset.ts";
import type { Progress } from "../progress.ts";
import { type SelectionOptions, selectIds } from "../selection.ts";
import type { PartPredictionSource } from "./predicted-parts.ts";

/** The pictures to score, and predictions that speak of each of them. */
export interface ScoredPictures {
  readonly ids: readonly string[];
  readonly pred: PartPredictionSource;
}

/**
 * The pictures of a truth that predictions are scored on: those that they speak of, so that a run is judged by its own photos. COCO JSON may
 * list only pictures in which something was found, so there a warning counts what it lacks of the truth; where an id list names such
 * pictures, nothing was found in them.
 *
 * @param path  what the truth was read from
 * @throws MaskwrightError as `selectIds`
 */
export async function chooseScored(
  pred: PartPredictionSource,
  { dataset }: Pick<PartDataset, "dataset">,
  path: string,
  selection: SelectionOptions,
  { warn }: Pick<Progress, "warn">,
): Promise<ScoredPictures> {
  if (!pred.isBare) return { ids: await selectIds(pred.ids, pred.path, selection), pred };
  const listed = new Set(pred.ids);
  const others = new Map(
    dataset.images.filter(({ id }) => !listed.has(id)).map((image) => [image.id, image]),
  );
  if (selection.ids === undefined) {
    const all = dataset.images.length;
    if (others.size > 0)
      warn(
        `${pred.path}: lists ${all - others.size} of the ${formatCount(all, "image")} of ${path}, and the others are not scored; --ids FILE with their ids too counts them as missed`,
      );
    return { ids: await selectIds(pred.ids, pred.path, selection), pred };
  }
  const ids = await selectIds([...listed, ...others.keys()], pred.path, selection);
  const missed = ids.filter((id) => others.has(id)).length;
  if (missed > 0)
    warn(
      `${pred.path}: lists ${ids.length - missed} of the ${formatCount(ids.length, "image")} of ${selection.ids}, and the others count as missed`,
    );
  const partsOf: PartPredictionSource["partsOf"] = (id) => {
    const image = others.get(id);
    if (image === undefined) return pred.partsOf(id);
    const { height, width } = image;
    return { found: { height, width, masks: [] }, map: null };
  };
  return { ids, pred: { ...pred, partsOf } };
}
