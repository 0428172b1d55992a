import { formatCount } from "../core/count.ts";
import { MaskwrightError } from "../core/error.ts";
import { inLanes } from "./lanes.ts";
import type { Pool } from "./pool.ts";
import type { Progress } from "./progress.ts";
import type { RunDirectory } from "./run-directory.ts";
import type { ResultOf, TaskName, TaskOf } from "./worker.ts";

/** How a command works: on what threads, who watches, how to stop, and what to do about a bad image. */
export interface WorkContext {
  readonly pool: Pool;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Record a bad image and go on, instead of stopping at it. */
  readonly keepGoing: boolean;
}

export interface Stage<N extends TaskName> {
  readonly name: string;
  readonly worker: N;
  readonly ids: readonly string[];
  /** The worker's task for one id; `knownKey` is the key of the artifact an earlier run finished, if it did. */
  task(id: string, knownKey: string | null): TaskOf<N>;
}

/** A worker's answer for one artifact: its key, and its result, or null when the finished file was kept. */
export interface ItemResult<R> {
  readonly key: string;
  readonly result: R | null;
}

export interface Finished<R> {
  readonly id: string;
  readonly key: string;
  readonly result: R;
}

export interface Failure {
  readonly id: string;
  readonly message: string;
}

/** What a stage has finished, in the order of its ids. Results are read from the run's log as they are asked for, while it is open. */
export interface FinishedItems<R> extends Iterable<Finished<R>> {
  readonly ids: readonly string[];
}

export interface StageOutcome<R> {
  /** Without the failed ones. */
  readonly finished: FinishedItems<R>;
  readonly failures: readonly Failure[];
}

/** Whether an error is one image's fault: a full disk or a missing model would fail all the others too. */
export function isBadImage(error: unknown): error is MaskwrightError {
  return (
    error instanceof MaskwrightError && ["BAD_FORMAT", "SHAPE_MISMATCH", "NOT_FOUND"].includes(error.code)
  );
}

type FinishedBy<N extends TaskName> = NonNullable<Extract<ResultOf<N>, { key: string }>["result"]>;

/**
 * Runs one stage over its ids on the pool and records each finished artifact in the run's log. Work that an
 * earlier run finished from the same inputs is kept. A few items more than there are threads are in
 * flight at a time, so memory does not grow with the number of ids.
 *
 * @throws MaskwrightError the first item's error, unless `keepGoing`; ABORTED when the signal fires. In both
 *         cases the items in flight are finished and recorded first, unless the pool ends them halfway.
 */
export async function runStage<N extends TaskName>(
  { name, worker, ids, task }: Stage<N>,
  { journal }: RunDirectory,
  { pool, progress, signal, keepGoing }: WorkContext,
): Promise<StageOutcome<FinishedBy<N>>> {
  let finished = 0;
  const failures = new Map<string, Failure>();

  const runItem = async (id: string): Promise<void> => {
    const known = journal.find(name, id);
    try {
      const { key, result } = (await pool.run(worker, task(id, known?.key ?? null))) as ItemResult<
        FinishedBy<N>
      >;
      if (result !== null) journal.finish(name, id, { key, result });
      finished++;
    } catch (error) {
      // Stopped halfway: the next run makes it.
      if (signal.aborted && error instanceof MaskwrightError && error.code === "ABORTED") return;
      if (!keepGoing || !isBadImage(error)) throw error;
      failures.set(id, { id, message: error.message });
      journal.note("failed", { stage: name, id, message: error.message });
      progress.warn(error.message);
    }
    progress.advance(id);
  };

  progress.begin(name, ids.length);
  try {
    await inLanes(ids, pool.size * 2, runItem, signal);
  } finally {
    progress.end();
  }
  if (signal.aborted) {
    const text = `${name}: stopped after ${finished} of ${formatCount(ids.length, "image")}`;
    throw new MaskwrightError("ABORTED", text, { hint: "Run the same command again to go on from here." });
  }
  return {
    finished: finishedItems(
      ids.filter((id) => !failures.has(id)),
      (id) => journal.find(name, id) as Omit<Finished<FinishedBy<N>>, "id">,
    ),
    failures: ids.flatMap((id) => failures.get(id) ?? []),
  };
}

/** Of a stage that was not run. */
export const noItems: FinishedItems<never> = { ids: [], *[Symbol.iterator]() {} };

/** @param find  what the log says of an id */
function finishedItems<R>(
  ids: readonly string[],
  find: (id: string) => Omit<Finished<R>, "id">,
): FinishedItems<R> {
  return {
    ids,
    *[Symbol.iterator]() {
      for (const id of ids) yield { id, ...find(id) };
    },
  };
}
