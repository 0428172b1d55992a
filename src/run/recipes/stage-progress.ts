import { formatDuration, type Progress } from "../progress.ts";
import type { RecipeStage } from "./recipe-stage.ts";

type Weighed = Pick<RecipeStage, "name" | "seconds">;

/** The progress of a whole run. */
export interface RunProgress {
  /**
   * The progress of one stage, which says where it stands and what is left of the run.
   *
   * @param isNew  whether the stage begins now; one that goes on says nothing about how fast stages are
   */
  enter(stage: number, isNew: boolean): Progress;
}

/**
 * Shows stages as parts of one run: "2/4 seeds: cams 45/100 · run 4:15 left · 12/s · 0:05 left". What is left of a stage that runs
 * is measured; stages to come are weighed by their `seconds`, and those by what the stages of this run have taken.
 *
 * @param now  a clock, ms
 */
export function showStages(
  progress: Progress,
  stages: readonly Weighed[],
  now: () => number = () => performance.now(),
): RunProgress {
  const measured = { seconds: 0, expected: 0 };
  let entered: { readonly stage: number; readonly isNew: boolean; readonly startMs: number } | null = null;
  const since = (ms: number): number => (now() - ms) / 1000;
  return {
    enter(stage, isNew) {
      if (entered?.isNew) {
        measured.seconds += since(entered.startMs);
        measured.expected += stages[entered.stage].seconds;
      }
      const startMs = now();
      entered = { stage, isNew, startMs };
      const { name, seconds } = stages[stage];
      const place = `${stage + 1}/${stages.length} ${name}`;
      const pace = measured.expected > 0 ? measured.seconds / measured.expected : 1;
      const later = stages.slice(stage + 1).reduce((sum, each) => sum + each.seconds, 0);
      const part = { total: 0, done: 0, startMs };
      const left = (): string => {
        const partLeft = (since(part.startMs) * (part.total - part.done)) / part.done;
        // Other parts of the stage may follow: the less of this one is left, the fewer.
        const others = Math.max(pace * seconds - since(startMs) - partLeft, 0) * (1 - part.done / part.total);
        return `run ${formatDuration(partLeft + others + pace * later)} left`;
      };
      return {
        begin(step, total) {
          Object.assign(part, { total, done: 0, startMs: now() });
          progress.begin(step === name ? place : `${place}: ${step}`, total);
        },
        advance(id, note) {
          part.done++;
          progress.advance(id, [...(note === undefined ? [] : [note]), left()].join(" · "));
        },
        warn: progress.warn,
        end: progress.end,
      };
    },
  };
}
