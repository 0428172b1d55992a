import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { invalid, MaskwrightError } from "../core/error.ts";
import { random } from "../core/random.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../engine/checkpoint.ts";
import type { Arrays } from "../engine/runtime.ts";
import type { Schedule } from "../engine/schedule.ts";
import { trainLoop } from "../engine/train.ts";
import type { Trainer, TrainerStart } from "../engine/trainer-plan.ts";
import { makeFolder, writeAtomically } from "./files.ts";
import type { WorkContext } from "./stage.ts";
import { openTrainLog, type TrainLine } from "./train-log.ts";
import { renderTraining } from "./train-page.ts";

/** A training run and all that decides its result. */
export interface TrainingRun {
  readonly name: string;
  /** Where `checkpoint.safetensors`, `training.ndjson` and `report.html` go. */
  readonly folder: string;
  /** What is trained and how, as JSON has it: kept in the checkpoint, and compared when the run goes on. */
  readonly config: unknown;
  readonly seed: number | string;
  /** What a run that begins starts from. */
  readonly begin: () => TrainerStart | Promise<TrainerStart>;
  readonly open: (start: TrainerStart) => Promise<Trainer>;
  /** What a step is fed; it depends on the step alone. */
  readonly batches: (step: number) => readonly Arrays[] | Promise<readonly Arrays[]>;
  readonly steps: number;
  readonly schedule: Schedule;
  readonly checkpointEvery: number;
  /** What is measured on data kept out of the training, after every so many steps and after the last. */
  readonly validation?: TrainingValidation;
}

export interface TrainingValidation {
  readonly every: number;
  /**
   * Numbers by the names that log and report call them, none of which a step reports. They depend on the trained state alone, so that a run
   * that goes on logs what an uninterrupted one would have logged. A stop waits for them.
   */
  readonly measure: (
    trainer: Pick<Trainer, "evaluate" | "state">,
  ) => Promise<Readonly<Record<string, number>>>;
}

export interface TrainingResult {
  readonly checkpoint: Checkpoint;
  readonly lines: readonly TrainLine[];
}

/**
 * Trains, from the folder's checkpoint if there is one: then the result is what it would have been without the stop, to the last bit.
 *
 * @throws MaskwrightError INVALID_ARGUMENT when the checkpoint is that of another config; MODEL for a loss that is not finite; ABORTED when
 *         the signal fires, after a checkpoint
 */
export async function runTraining(
  run: TrainingRun,
  { progress, signal }: Pick<WorkContext, "progress" | "signal">,
): Promise<TrainingResult> {
  const { name, folder, config, steps, validation } = run;
  if (validation !== undefined && !(Number.isInteger(validation.every) && validation.every >= 1))
    throw invalid("runTraining: validation.every", "an integer >= 1", validation.every);
  const path = join(folder, "checkpoint.safetensors");
  makeFolder(folder);
  const before = existsSync(path) ? readCheckpoint(path, config) : null;
  const startStep = before?.step ?? 0;
  const trainer = await run.open(before ?? (await run.begin()));
  const log = openTrainLog(join(folder, "training.ndjson"), startStep);
  const result = { checkpoint: before, lines: log.lines };
  const save = async (step: number): Promise<void> => {
    result.checkpoint = { ...(await trainer.state()), step, random: random(run.seed).state(), config };
    writeAtomically(path, encodeCheckpoint(result.checkpoint));
    writeAtomically(join(folder, "report.html"), renderTraining(run, log.lines));
  };
  progress.begin(name, steps - startStep);
  try {
    await trainLoop({
      ...run,
      step: validatedStep(trainer, run, startStep),
      startStep,
      checkpoint: { every: run.checkpointEvery, save },
      onLog(line) {
        log.append(line);
        progress.advance(`${line.step}`, `loss ${Number(line.numbers.loss.toPrecision(4))}`);
      },
      signal,
    });
    if (result.checkpoint === null) await save(startStep);
  } finally {
    progress.end();
    log.close();
    await trainer.dispose();
  }
  return result as TrainingResult;
}

/** A step that also measures where that is due: a line of the log has both. */
function validatedStep(
  trainer: Trainer,
  { steps, validation }: TrainingRun,
  startStep: number,
): (batch: readonly Arrays[], rate: number) => ReturnType<Trainer["step"]> {
  let done = startStep;
  return async (batch, rate) => {
    const numbers = await trainer.step(batch, rate);
    done++;
    const isDue = validation !== undefined && (done % validation.every === 0 || done === steps);
    return isDue ? { ...numbers, ...(await validation.measure(trainer)) } : numbers;
  };
}

function readCheckpoint(path: string, config: unknown): Checkpoint {
  const checkpoint = decodeCheckpoint(readFileSync(path), path);
  const [held, got] = [checkpoint.config, config].map((each) => JSON.stringify(each));
  if (held !== got)
    throw new MaskwrightError("INVALID_ARGUMENT", `${path}: expected to go on with ${held}, got ${got}`, {
      hint: "Choose another folder, or delete the checkpoint to start again.",
    });
  return checkpoint;
}
