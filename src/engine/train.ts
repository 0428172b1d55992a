import { invalid, MaskwrightError } from "../core/error.ts";
import type { Schedule } from "./schedule.ts";

/** What one step tells: where it is, and numbers such as the loss and its parts. */
export interface TrainLog {
  /** Steps made, this one included. */
  readonly step: number;
  readonly steps: number;
  readonly rate: number;
  readonly numbers: Readonly<Record<string, number>>;
  /** What the steps that are left will take, by the pace of those made so far. */
  readonly secondsLeft: number;
}

export interface TrainLoopOptions<B> {
  /** Makes one update with a batch and returns numbers; `trainer.step`, mostly. */
  readonly step: (batch: B, rate: number) => Promise<Readonly<Record<string, number>>>;
  /**
   * The batch of a step, 0 for the first. It depends on the step alone (its random numbers are seeded by it), so that a run that goes on sees
   * what an uninterrupted one would have seen. The next batch is made while a step runs.
   */
  readonly batches: (step: number) => B | Promise<B>;
  /** Steps of the whole run. */
  readonly steps: number;
  /** Steps made before: those of the checkpoint that the run goes on from. Default 0. */
  readonly startStep?: number;
  readonly schedule: Schedule;
  /** Called after every so many steps, after the last one, and when the run is stopped. */
  readonly checkpoint?: { readonly every: number; readonly save: (step: number) => Promise<void> };
  readonly onLog?: (log: TrainLog) => void;
  readonly signal?: AbortSignal;
}

/**
 * Trains: batches in, logged numbers out.
 *
 * @throws MaskwrightError MODEL with all numbers of a step when one of them is not finite (the last checkpoint is left as it was); ABORTED
 *         when the signal has fired, after the step in progress and a checkpoint
 */
export async function trainLoop<B>(options: TrainLoopOptions<B>): Promise<void> {
  const { step, batches, steps, startStep = 0, schedule, checkpoint, onLog, signal } = options;
  checkCounts(steps, startStep, checkpoint?.every);
  const startMs = performance.now();
  let saved = startStep;
  let next = prepare(batches, startStep);
  for (let done = startStep; done < steps; ) {
    if (signal?.aborted === true) {
      if (saved < done) await checkpoint?.save(done);
      throw stopped(done, steps, checkpoint !== undefined);
    }
    const batch = await next;
    const rate = schedule(done);
    if (done + 1 < steps) next = prepare(batches, done + 1);
    const numbers = await step(batch, rate);
    done++;
    if (!Object.values(numbers).every(Number.isFinite)) throw notFinite(done, numbers);
    const pace = (performance.now() - startMs) / 1000 / (done - startStep);
    onLog?.({ step: done, steps, rate, numbers, secondsLeft: pace * (steps - done) });
    if (checkpoint !== undefined && (done % checkpoint.every === 0 || done === steps)) {
      await checkpoint.save(done);
      saved = done;
    }
  }
}

function stopped(done: number, steps: number, isSaved: boolean): MaskwrightError {
  const options = isSaved ? { hint: "run the same command again to go on from here" } : {};
  return new MaskwrightError("ABORTED", `train: stopped after ${done} of ${steps} steps`, options);
}

/** A batch in the making. Its failure is reported by whoever awaits it, not as unhandled before that. */
function prepare<B>(batches: (step: number) => B | Promise<B>, step: number): Promise<B> {
  const batch = Promise.resolve().then(() => batches(step));
  batch.catch(() => {});
  return batch;
}

function notFinite(step: number, numbers: Readonly<Record<string, number>>): MaskwrightError {
  const parts = Object.entries(numbers).map(([name, value]) => `${name} ${formatNumber(value)}`);
  return new MaskwrightError(
    "MODEL",
    `train: step ${step}: expected finite numbers, got ${parts.join(", ")}`,
    {
      hint: "a lower learning rate, a warm-up or gradient clipping may help; the last checkpoint is from before this step",
    },
  );
}

/** As many digits as one reads: 0.123457, 1.2e-7, NaN. */
function formatNumber(value: number): string {
  return Number.isFinite(value) ? `${Number(value.toPrecision(6))}` : `${value}`;
}

function checkCounts(steps: number, startStep: number, every: number | undefined): void {
  const atLeast = (name: string, value: number, least: number): void => {
    if (!Number.isInteger(value) || value < least)
      throw invalid(`trainLoop: ${name}`, `an integer >= ${least}`, value);
  };
  atLeast("steps", steps, 0);
  atLeast("startStep", startStep, 0);
  if (startStep > steps)
    throw invalid("trainLoop: startStep", `at most the ${steps} steps of the run`, startStep);
  if (every !== undefined) atLeast("checkpoint.every", every, 1);
}
