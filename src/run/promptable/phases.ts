import { join } from "node:path";
import type { Device } from "../../engine/index.ts";
import { openWorkerRuntime } from "../../engine/node.ts";
import type { Arrays } from "../../engine/runtime.ts";
import type { Schedule } from "../../engine/schedule.ts";
import type { TrainerStart } from "../../engine/trainer-plan.ts";
import type { SampleOptions } from "../../methods/promptable/sample.ts";
import { compilePromptTraining } from "../../methods/promptable/training.ts";
import type { SamConfig } from "../../models/sam/config.ts";
import type { WorkContext } from "../stage.ts";
import type { MaskedSource } from "../tasks/prompt-samples.ts";
import { runTraining, type TrainingResult } from "../train.ts";
import type { SamTinyRecipe } from "./sam-tiny-recipe.ts";

/** Steps on windows of one size. */
export interface Phase {
  readonly name: string;
  /** Of the windows, px. */
  readonly side: number;
  /** Steps of the run before its first. */
  readonly from: number;
  readonly steps: number;
}

export interface PhaseOptions {
  readonly out: string;
  readonly recipe: SamTinyRecipe;
  readonly seed: number;
  readonly checkpointEvery: number;
  readonly device: Device;
  readonly threads: number | null;
  readonly config: SamConfig;
  /** Over the whole run. */
  readonly schedule: Schedule;
  /** What a run that begins starts from. */
  readonly begin: () => TrainerStart;
  readonly pictures: (index: number) => { readonly source: MaskedSource; readonly seed: string };
}

/** Windows of one picture, which takes longer to draw than its windows. */
const WINDOWS = 2;

/** Trains phase after phase, each in a folder of `out`; one of them has a step. */
export async function runPhases(
  phases: readonly Phase[],
  options: PhaseOptions,
  context: WorkContext,
): Promise<TrainingResult> {
  let result: TrainingResult | null = null;
  for (const phase of phases) {
    if (phase.steps === 0) continue;
    const before = result?.checkpoint;
    const begin = before === undefined ? options.begin : () => before;
    result = await runPhase(phase, { ...options, begin }, context);
  }
  return result as TrainingResult;
}

async function runPhase(
  { name, side, from, steps }: Phase,
  { out, recipe, seed, checkpointEvery, device, threads, config, schedule, begin, pictures }: PhaseOptions,
  context: WorkContext,
): Promise<TrainingResult> {
  const { batch, prompts } = recipe;
  const sample: SampleOptions = { canvas: config.encoder.side, side, prompts };
  const perStep = Math.ceil(batch / WINDOWS);
  const runtime = await openWorkerRuntime({ device, ...(threads === null ? {} : { threads }) });
  try {
    return await runTraining(
      {
        name,
        folder: join(out, name),
        config: { kind: "sam-tiny", phase: name, recipe },
        seed,
        begin,
        open: (start) => compilePromptTraining(config, runtime, { side, prompts, batch, start }),
        batches: async (step) => {
          const drawn = await Promise.all(
            Array.from({ length: perStep }, async (_, k): Promise<Arrays[]> => {
              const picture = pictures((from + step) * perStep + k);
              return await context.pool.run("prompt-samples", { ...sample, ...picture, windows: WINDOWS });
            }),
          );
          return drawn.flat().slice(0, batch);
        },
        steps,
        schedule: (step) => schedule(from + step),
        checkpointEvery,
      },
      context,
    );
  } finally {
    await runtime.close();
  }
}
