import { renderReport } from "./report/render.ts";
import type { TrainingRun } from "./train.ts";
import type { TrainLine } from "./train-log.ts";
import { describeVersions } from "./version.ts";

/** The report of one training run: its curves so far, and what one needs to repeat it. */
export function renderTraining(
  { name, config, seed, steps }: Pick<TrainingRun, "name" | "config" | "seed" | "steps">,
  lines: readonly TrainLine[],
): string {
  const done = lines.at(-1)?.step ?? 0;
  return renderReport({
    title: `Training: ${name}`,
    summary: done === steps ? `${steps} steps.` : `${done} of ${steps} steps so far.`,
    notes: [],
    stages: [],
    trainings: [{ name, lines }],
    images: [],
    pictures: [],
    classNames: [],
    palette: new Uint8Array(768),
    facts: [
      { name: "config", value: JSON.stringify(config) },
      { name: "seed", value: String(seed) },
      { name: "maskwright", value: describeVersions() },
    ],
  });
}
