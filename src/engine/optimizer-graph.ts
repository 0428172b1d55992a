import type { NdArray } from "../core/array.ts";
import { invalid } from "../core/error.ts";
import { input, type Tensor } from "./graph.ts";
import { add, div, minimum, mul, sub } from "./ops/arithmetic.ts";
import { where } from "./ops/compare.ts";
import { sqrt } from "./ops/elementwise.ts";
import { sum } from "./ops/reduce.ts";
import {
  type AdamDefinition,
  adamCoefficients,
  correctBias,
  momentKey,
  momentNames,
  OPTIMIZER_PREFIX,
  type OptimizerDefinition,
  type ParameterPlan,
  planParameters,
  type SgdDefinition,
} from "./optimizer-definition.ts";

type Tensors = Readonly<Record<string, Tensor>>;

/** Numbers that change from step to step: scalar inputs of the graph, those that the definition's kind needs. */
type Scalar = "rate" | "step rate" | "epsilon";

/**
 * Adds one update to a training graph, so that parameters and moments need not leave the device: what `applyGradients` does, in float32.
 *
 * The graph gets an input of the parameter's shape for each moment, named "optimizer/first/NAME" as in a checkpoint and zero at first, and the
 * scalars that `updateFeeds` gives at each step.
 *
 * @param parameters by name
 * @param gradients  by the same names, as `gradients(loss, parameters)` returns them
 * @param isMade     bool of one element: where it does not hold, parameters and moments stay as they are. Always made when absent
 * @returns new values of each parameter by its name, and of each moment by the name of its input: what to feed at the next step. Outputs of a
 *          model are not named like its inputs, so they need names of their own.
 * @throws MaskwrightError INVALID_ARGUMENT for no parameter, a number out of range, a group's name that is no parameter, or a parameter without
 *         gradient
 */
export function addUpdate(
  definition: OptimizerDefinition,
  parameters: Tensors,
  gradients: Tensors,
  isMade?: Tensor,
): Record<string, Tensor> {
  const kept = (next: Tensor, before: Tensor): Tensor =>
    isMade === undefined ? next : where(isMade, next, before);
  const names = Object.keys(parameters);
  if (names.length === 0) throw invalid("addUpdate: parameters", "at least one", names);
  const plans = planParameters(definition, names);
  const { graph } = parameters[names[0]];
  const inputs = scalarNames(definition).map((name) => [name, input(graph, scalarKey(name), [])] as const);
  const scalars = Object.fromEntries(inputs) as Record<Scalar, Tensor>;
  const updates: Record<string, Tensor> = {};
  for (const [index, name] of names.entries()) {
    const [parameter, gradient] = [parameters[name], gradients[name]];
    if (gradient === undefined) throw invalid("addUpdate: gradients", `one for "${name}"`, gradient);
    const keys = momentNames(definition).map((moment) => momentKey(moment, name));
    const moments = keys.map((key) => input(graph, key, parameter.shape));
    const step = { parameter, gradient, moments, plan: plans[index], scalars };
    const next = definition.kind === "sgd" ? descend(step, definition) : adapt(step, definition);
    updates[name] = kept(next.parameter, parameter);
    for (const [k, key] of keys.entries()) updates[key] = kept(next.moments[k], moments[k]);
  }
  return updates;
}

/**
 * What the scalar inputs of `addUpdate` are fed at an update. They are computed in double precision: 1 − 0.999^t in float32 would be wrong
 * in its fifth digit.
 *
 * @param step updates made before, 0 for the first
 * @param rate learning rate of this update, before the scale of a group
 */
export function updateFeeds(
  definition: OptimizerDefinition,
  step: number,
  rate: number,
): Record<string, NdArray<"float32">> {
  const adam = definition.kind === "sgd" ? null : correctBias(definition, step + 1, rate);
  const values = { rate, "step rate": adam?.stepRate ?? rate, epsilon: adam?.epsilon ?? 0 };
  const feed = (name: Scalar): NdArray<"float32"> => ({
    dtype: "float32",
    shape: [],
    data: Float32Array.of(values[name]),
  });
  return Object.fromEntries(scalarNames(definition).map((name) => [scalarKey(name), feed(name)]));
}

/**
 * Gradients scaled so that their common norm is at most `limit`, and the norm they had: `clipGradients` as part of a graph.
 * Gradients whose norm is not finite do not stay as they are: the caller has the norm to see it.
 */
export function addClipping(
  gradients: Tensors,
  limit: number,
): { readonly gradients: Record<string, Tensor>; readonly norm: Tensor } {
  if (!(limit > 0)) throw invalid("addClipping: limit", "a number > 0", limit);
  const squares = Object.values(gradients).map((gradient) => sum(mul(gradient, gradient)));
  if (squares.length === 0) throw invalid("addClipping: gradients", "at least one", squares);
  const norm = sqrt(squares.reduce((total, square) => add(total, square)));
  const scale = minimum(div(limit, add(norm, 1e-6)), 1);
  const scaled = Object.entries(gradients).map(([name, gradient]) => [name, mul(gradient, scale)]);
  return { gradients: Object.fromEntries(scaled), norm };
}

interface Step {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly moments: readonly Tensor[];
  readonly plan: ParameterPlan;
  readonly scalars: Readonly<Record<Scalar, Tensor>>;
}

interface Stepped {
  readonly parameter: Tensor;
  readonly moments: readonly Tensor[];
}

function descend(
  { parameter, gradient, moments, plan, scalars }: Step,
  { momentum = 0 }: SgdDefinition,
): Stepped {
  const decayed = penalize(gradient, parameter, plan.weightDecay);
  const velocities = moments.map((velocity) => add(mul(velocity, momentum), decayed));
  const rate = mul(scalars.rate, plan.rateScale);
  return { parameter: sub(parameter, mul(velocities[0] ?? decayed, rate)), moments: velocities };
}

function adapt(
  { parameter, gradient: raw, moments: [first, second], plan, scalars }: Step,
  definition: AdamDefinition,
): Stepped {
  const { beta1, beta2 } = adamCoefficients(definition);
  const isCoupled = definition.kind === "adam";
  const gradient = isCoupled ? penalize(raw, parameter, plan.weightDecay) : raw;
  const nextFirst = add(mul(first, beta1), mul(gradient, 1 - beta1));
  const nextSecond = add(mul(second, beta2), mul(mul(gradient, gradient), 1 - beta2));
  const rate = mul(scalars["step rate"], plan.rateScale);
  const move = div(mul(nextFirst, rate), add(sqrt(nextSecond), scalars.epsilon));
  // Also without decay: an input that nothing depends on would not be one of the model's.
  const decay = plan.rateScale * plan.weightDecay;
  const kept = isCoupled ? parameter : mul(parameter, sub(1, mul(scalars.rate, decay)));
  return { parameter: sub(kept, move), moments: [nextFirst, nextSecond] };
}

function penalize(gradient: Tensor, parameter: Tensor, weightDecay: number): Tensor {
  return weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay));
}

/** "step rate" and "epsilon" are Adam's, with the bias corrections of its moments in them. */
function scalarNames({ kind }: OptimizerDefinition): readonly Scalar[] {
  switch (kind) {
    case "sgd":
      return ["rate"];
    case "adam":
      return ["step rate", "epsilon"];
    case "adamw":
      return ["rate", "step rate", "epsilon"];
    default:
      return kind satisfies never;
  }
}

function scalarKey(name: Scalar): string {
  return `${OPTIMIZER_PREFIX}${name}`;
}
