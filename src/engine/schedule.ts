import { invalid } from "../core/error.ts";

/** The learning rate of the update after `step` updates: 0 for the first. */
export type Schedule = (step: number) => number;

/** The same rate at every step. */
export function constantRate(rate: number): Schedule {
  return () => rate;
}

/**
 * From one rate to another in equal steps, then the second. `linearRate(0, rate, 250)` gives 0 at the first step and `rate`
 * at step 250.
 *
 * @see torch.optim.lr_scheduler.LinearLR
 */
export function linearRate(from: number, to: number, steps: number): Schedule {
  checkSteps("linearRate", steps);
  return (step) => from + (to - from) * Math.min(step / steps, 1);
}

/**
 * Half a cosine from `rate` down to `minimum` at step `steps`, and `minimum` from there on.
 *
 * @see Loshchilov and Hutter 2017, equation 5; torch's CosineAnnealingLR, which rises again after `steps`
 */
export function cosineRate(rate: number, steps: number, minimum = 0): Schedule {
  checkSteps("cosineRate", steps);
  return (step) => minimum + ((rate - minimum) * (1 + Math.cos(Math.PI * Math.min(step / steps, 1)))) / 2;
}

export interface PolyOptions {
  readonly power: number;
  readonly minimum?: number;
}

/**
 * minimum + (rate − minimum) · (1 − step / steps)^power, and `minimum` after `steps`.
 *
 * @see DeepLab's "poly" policy; mmcv's PolyLrUpdaterHook and torch's PolynomialLR give the same numbers
 */
export function polyRate(rate: number, steps: number, { power, minimum = 0 }: PolyOptions): Schedule {
  checkSteps("polyRate", steps);
  return (step) => minimum + (rate - minimum) * (1 - Math.min(step / steps, 1)) ** power;
}

/**
 * `rate`, multiplied by `factor` at each milestone: a step that is a milestone already has the lower rate.
 *
 * @see torch.optim.lr_scheduler.MultiStepLR
 */
export function stepRate(rate: number, milestones: readonly number[], factor = 0.1): Schedule {
  return (step) => rate * factor ** milestones.filter((milestone) => milestone <= step).length;
}

/**
 * The schedule, ramped up linearly from `from` times its rate at step 0 to its own rate at step `steps`. The schedule
 * itself starts at step 0 as well.
 *
 * @see mmcv's LrUpdaterHook with `warmup="linear"`, `warmup_ratio` = from; torch's LinearLR chained with another
 */
export function warmup(schedule: Schedule, steps: number, from = 0): Schedule {
  const ramp = linearRate(from, 1, steps);
  return (step) => schedule(step) * ramp(step);
}

/**
 * The first schedule for `steps` steps, then the second from its own step 0.
 *
 * @see torch.optim.lr_scheduler.SequentialLR
 */
export function inSequence(first: Schedule, steps: number, second: Schedule): Schedule {
  checkSteps("inSequence", steps);
  return (step) => (step < steps ? first(step) : second(step - steps));
}

function checkSteps(where: string, steps: number): void {
  if (!Number.isInteger(steps) || steps < 1) throw invalid(`${where}: steps`, "an integer >= 1", steps);
}
