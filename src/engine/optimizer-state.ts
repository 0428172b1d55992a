import type { NdArray } from "../core/array.ts";
import { invalid, shapeMismatch } from "../core/error.ts";
import { type ParameterLayout, packParameters, viewParameters } from "./flat-parameters.ts";
import { createOptimizer, type Optimizer } from "./optimizer.ts";
import { type MomentName, momentNames, type OptimizerDefinition } from "./optimizer-definition.ts";

/** What an optimizer has to remember, wherever it runs: a run on one device goes on from the state of another. */
export interface OptimizerState {
  /** Updates made. */
  readonly step: number;
  /** Each moment by parameter, in the parameter's shape. */
  readonly moments: ReadonlyMap<MomentName, ReadonlyMap<string, NdArray<"float32">>>;
}

/** The state as it is now. The moments are views: the next update changes them. */
export function viewOptimizerState({ definition, layout, step, moments }: Optimizer): OptimizerState {
  const views = moments.map((moment) => viewParameters(layout, moment));
  return { step, moments: new Map(momentNames(definition).map((name, index) => [name, views[index]])) };
}

/**
 * An optimizer that goes on from a state.
 *
 * @throws MaskwrightError INVALID_ARGUMENT or SHAPE_MISMATCH when the state is not that of this definition and layout
 */
export function restoreOptimizer(
  definition: OptimizerDefinition,
  layout: ParameterLayout,
  { step, moments }: OptimizerState,
): Optimizer {
  const names = momentNames(definition);
  if (`${[...moments.keys()].sort()}` !== `${[...names].sort()}`) {
    const got = `[${[...moments.keys()]}]`;
    throw shapeMismatch(`restoreOptimizer: moments of ${definition.kind}`, `[${names}]`, got);
  }
  if (!Number.isSafeInteger(step) || step < 0)
    throw invalid("restoreOptimizer: step", "an integer >= 0", step);
  const flat = names.map((name) => packParameters(layout, moments.get(name) ?? new Map()));
  return { ...createOptimizer(definition, layout), step, moments: flat };
}
