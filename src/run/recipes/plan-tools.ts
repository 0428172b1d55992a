import { join } from "node:path";
import type { WorkContext } from "../stage.ts";
import type { RecipeModels } from "./recipe-models.ts";

/** What a plan is made with. */
export interface PlanTools {
  readonly models: RecipeModels;
  /** Threads of models; null is one for each core. */
  readonly threads: number | null;
  readonly context: WorkContext;
}

/** The folders of a run's stages by their names, numbered in their order: 01-masks, 02-seeds. */
export function stageFolders<const N extends string>(
  out: string,
  names: readonly N[],
): Readonly<Record<N, string>> {
  const entries = names.map((name, k) => [name, join(out, `${String(k + 1).padStart(2, "0")}-${name}`)]);
  return Object.fromEntries(entries) as Record<N, string>;
}

/** Seconds that each photo takes on two cores, about: see `RecipeStage.seconds`. */
export const photoSeconds = {
  regions: 0.3,
  model: 8,
  answer: 4,
  seeds: 1.5,
  refine: 0.05,
  predict: 0.5,
} as const;
