import { kernelOf } from "./flat-memory.ts";
import { checkLength, type ParameterLayout } from "./flat-parameters.ts";
import {
  adamCoefficients,
  correctBias,
  momentNames,
  type OptimizerDefinition,
  type ParameterPlan,
  planParameters,
} from "./optimizer-definition.ts";

/** An optimizer of flat parameters and its state; `applyGradients` changes `step` and the moments in place. */
export interface Optimizer {
  readonly definition: OptimizerDefinition;
  readonly layout: ParameterLayout;
  /** Neighbors that are treated alike, in order. */
  readonly spans: readonly ParameterSpan[];
  /** Updates made. */
  step: number;
  /** In the order of `momentNames`, each as long as the parameters. */
  readonly moments: readonly Float32Array[];
}

/** Elements [begin, end) of the flat array. */
export interface ParameterSpan extends ParameterPlan {
  readonly begin: number;
  readonly end: number;
}

/**
 * An optimizer that has made no step yet.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for a number out of range, a group's name that is no parameter, or one in two groups
 */
export function createOptimizer(definition: OptimizerDefinition, layout: ParameterLayout): Optimizer {
  const spans: ParameterSpan[] = [];
  const names = layout.slots.map(({ name }) => name);
  for (const [index, plan] of planParameters(definition, names).entries()) {
    const { begin, end } = layout.slots[index];
    const last = spans.at(-1);
    if (last?.rateScale === plan.rateScale && last.weightDecay === plan.weightDecay) {
      spans[spans.length - 1] = { ...last, end };
    } else spans.push({ ...plan, begin, end });
  }
  const moments = momentNames(definition).map(() => new Float32Array(layout.length));
  return { definition, layout, spans, step: 0, moments };
}

/**
 * One update: changes `parameters`, the moments and the step in place and leaves `gradients` as they are.
 *
 * Each element is computed in one order, so every run gives the same bits: those of Adam in single precision, as PyTorch does.
 *
 * @param rate learning rate of this update, before the scale of a group
 * @throws MaskwrightError SHAPE_MISMATCH
 * @see torch.optim.SGD, Adam and AdamW; Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2
 */
export function applyGradients(
  optimizer: Optimizer,
  parameters: Float32Array,
  gradients: Float32Array,
  rate: number,
): void {
  const { definition, layout, spans, moments } = optimizer;
  checkLength("applyGradients: parameters", layout, parameters);
  checkLength("applyGradients: gradients", layout, gradients);
  optimizer.step += 1;
  for (const span of spans) {
    const spanRate = rate * span.rateScale;
    if (definition.kind !== "sgd") {
      const { beta1, beta2 } = adamCoefficients(definition);
      const { stepRate, epsilon } = correctBias(definition, optimizer.step, spanRate);
      const isCoupled = definition.kind === "adam";
      adapt(span, parameters, gradients, moments, {
        beta1,
        beta2,
        epsilon,
        rate: stepRate,
        penalty: isCoupled ? span.weightDecay : 0,
        keep: isCoupled ? 1 : 1 - spanRate * span.weightDecay,
      });
    } else if (moments.length === 0) {
      descend(span, parameters, gradients, spanRate);
    } else {
      roll(span, parameters, gradients, moments[0], { momentum: definition.momentum ?? 0, rate: spanRate });
    }
  }
}

function descend(
  { begin, end, weightDecay }: ParameterSpan,
  parameters: Float32Array,
  gradients: Float32Array,
  rate: number,
): void {
  for (let p = begin; p < end; p++) {
    const parameter = parameters[p];
    parameters[p] = parameter - rate * (gradients[p] + weightDecay * parameter);
  }
}

function roll(
  { begin, end, weightDecay }: ParameterSpan,
  parameters: Float32Array,
  gradients: Float32Array,
  velocities: Float32Array,
  { momentum, rate }: { readonly momentum: number; readonly rate: number },
): void {
  for (let p = begin; p < end; p++) {
    const parameter = parameters[p];
    const velocity = momentum * velocities[p] + gradients[p] + weightDecay * parameter;
    velocities[p] = velocity;
    parameters[p] = parameter - rate * velocity;
  }
}

interface AdamStep {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly rate: number;
  /** Weight decay that is part of the gradient. */
  readonly penalty: number;
  /** Share of a parameter that is left by weight decay beside the gradient. */
  readonly keep: number;
}

function adapt(
  { begin, end }: ParameterSpan,
  parameters: Float32Array,
  gradients: Float32Array,
  [firsts, seconds]: readonly Float32Array[],
  { beta1, beta2, epsilon, rate, penalty, keep }: AdamStep,
): void {
  const { fround } = Math;
  const rest1 = fround(1 - beta1);
  const rest2 = fround(1 - beta2);
  const numbers = {
    ...{ beta1: fround(beta1), rest1, beta2: fround(beta2), rest2, epsilon: fround(epsilon) },
    ...{ rate: fround(rate), penalty: fround(penalty), keep: fround(keep) },
  };
  // Same expressions, same bits, four elements at a time; what is left is at most three elements.
  const kernel = kernelOf(parameters, gradients, firsts, seconds);
  const quads = kernel === null ? 0 : (end - begin) >> 2;
  const [p0, g0, m0, v0] = [parameters, gradients, firsts, seconds].map((x) => x.byteOffset + 4 * begin);
  kernel?.(p0, g0, m0, v0, quads, numbers);
  const { beta1: b1, beta2: b2, epsilon: e, rate: r, penalty: w, keep: k } = numbers;
  for (let p = begin + 4 * quads; p < end; p++) {
    const parameter = parameters[p];
    const gradient = fround(gradients[p] + fround(w * parameter));
    const first = fround(fround(b1 * firsts[p]) + fround(rest1 * gradient));
    const second = fround(fround(b2 * seconds[p]) + fround(fround(rest2 * gradient) * gradient));
    firsts[p] = first;
    seconds[p] = second;
    const change = fround(fround(r * first) / fround(fround(Math.sqrt(second)) + e));
    parameters[p] = fround(fround(k * parameter) - change);
  }
}
