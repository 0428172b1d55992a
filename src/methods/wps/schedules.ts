import { constantRate, cosineRate, inSequence, linearRate, type Schedule } from "../../engine/index.ts";

const WARMUP_STEPS = 250;
/** 15 epochs of PartImageNet's 20,460 training images at 8 a step. */
const PUBLISHED_STEPS = 38370;

/**
 * The published schedule: up from 0 in 250 steps, then a cosine that reaches 0 at step 38,370 and, as training goes on for ten times as
 * long, rises again.
 */
export function originalRate(rate: number): Schedule {
  const span = PUBLISHED_STEPS - WARMUP_STEPS;
  return (step) =>
    rate *
    (step < WARMUP_STEPS
      ? step / WARMUP_STEPS
      : (1 + Math.cos((Math.PI * (step - WARMUP_STEPS)) / span)) / 2);
}

/** Up in 250 steps, or a tenth of the run where that is less, then half a cosine down to 0 at the end of the run. */
export function partRate(rate: number, steps: number): Schedule {
  const up = Math.min(WARMUP_STEPS, Math.floor(steps / 10));
  if (steps < 2) return constantRate(rate);
  const down = cosineRate(rate, steps - up);
  return up === 0 ? down : inSequence(linearRate(rate / up, rate, up), up, down);
}
