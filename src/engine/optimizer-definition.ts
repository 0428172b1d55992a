import { invalid } from "../core/error.ts";

/** Parameters that learn at their own pace. */
export interface ParameterGroup {
  readonly names: readonly string[];
  /** Multiplies the learning rate. Default 1. */
  readonly rateScale?: number;
  /** Instead of the optimizer's own. */
  readonly weightDecay?: number;
}

/** v ← momentum · v + g + weightDecay · p;  p ← p − rate · v. Plain: no dampening, no Nesterov step. */
export interface SgdDefinition {
  readonly kind: "sgd";
  /** Default 0. */
  readonly momentum?: number;
  /** Default 0. */
  readonly weightDecay?: number;
  readonly groups?: readonly ParameterGroup[];
}

/** "adam" adds weightDecay · p to the gradient; "adamw" takes rate · weightDecay · p off the parameter, beside the step. */
export interface AdamDefinition {
  readonly kind: "adam" | "adamw";
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Default 0 for Adam and 0.01 for AdamW, as PyTorch's. */
  readonly weightDecay?: number;
  readonly groups?: readonly ParameterGroup[];
}

/** Plain data, so that a recipe or a checkpoint can hold it. */
export type OptimizerDefinition = SgdDefinition | AdamDefinition;

/** What an optimizer remembers of each parameter besides its value. */
export type MomentName = "momentum" | "first" | "second";

/** How one parameter is treated. */
export interface ParameterPlan {
  readonly rateScale: number;
  readonly weightDecay: number;
}

/** The moments of an optimizer, in the order its update takes them. */
export function momentNames(definition: OptimizerDefinition): readonly MomentName[] {
  if (definition.kind !== "sgd") return ["first", "second"];
  return (definition.momentum ?? 0) === 0 ? [] : ["momentum"];
}

/** Adam's coefficients with their defaults. */
export function adamCoefficients(definition: AdamDefinition): {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
} {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = definition;
  return { beta1, beta2, epsilon };
}

/**
 * Adam's rate and epsilon at update `count` (1 for the first) with the bias corrections in them: v̂ = v / correction², so one
 * division an element is enough.
 */
export function correctBias(
  definition: AdamDefinition,
  count: number,
  rate: number,
): { readonly stepRate: number; readonly epsilon: number } {
  const { beta1, beta2, epsilon } = adamCoefficients(definition);
  const correction = Math.sqrt(1 - beta2 ** count);
  return { stepRate: (rate * correction) / (1 - beta1 ** count), epsilon: epsilon * correction };
}

/** A moment's input in a training graph, and its tensor in a checkpoint. */
export function momentKey(moment: MomentName, parameter: string): string {
  return `${OPTIMIZER_PREFIX}${moment}/${parameter}`;
}

/** Names of parameters do not begin so. */
export const OPTIMIZER_PREFIX = "optimizer/";

/**
 * How each parameter is treated, in the order of the names.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for a number out of range, a group's name that is no parameter, or one in two groups
 */
export function planParameters(definition: OptimizerDefinition, names: readonly string[]): ParameterPlan[] {
  checkDefinition(definition);
  const groupOf = new Map<string, ParameterGroup>();
  const known = new Set(names);
  for (const group of definition.groups ?? []) {
    for (const name of group.names) {
      if (!known.has(name)) throw invalid("optimizer: groups", "names of parameters", name);
      if (groupOf.has(name)) throw invalid("optimizer: groups", "each parameter in one group", name);
      groupOf.set(name, group);
    }
  }
  const decay = definition.weightDecay ?? (definition.kind === "adamw" ? 0.01 : 0);
  return names.map((name) => {
    const { rateScale = 1, weightDecay = decay } = groupOf.get(name) ?? {};
    return { rateScale, weightDecay };
  });
}

function checkDefinition(definition: OptimizerDefinition): void {
  const { kind, weightDecay = 0, groups = [] } = definition;
  const atLeastZero = (name: string, value: number): void => {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw invalid(`${kind}: ${name}`, "a number >= 0", value);
  };
  const belowOne = (name: string, value: number): void => {
    if (!(value >= 0 && value < 1)) throw invalid(`${kind}: ${name}`, "a number in [0, 1)", value);
  };
  atLeastZero("weightDecay", weightDecay);
  for (const group of groups) {
    atLeastZero("rateScale", group.rateScale ?? 1);
    atLeastZero("weightDecay", group.weightDecay ?? 0);
  }
  switch (kind) {
    case "sgd":
      belowOne("momentum", definition.momentum ?? 0);
      break;
    case "adam":
    case "adamw": {
      const { beta1, beta2, epsilon } = adamCoefficients(definition);
      belowOne("beta1", beta1);
      belowOne("beta2", beta2);
      atLeastZero("epsilon", epsilon);
      break;
    }
    default:
      kind satisfies never;
      throw invalid("optimizer: kind", '"sgd", "adam" or "adamw"', kind);
  }
}
