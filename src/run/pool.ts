import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { MessageChannel, type Worker } from "node:worker_threads";
import { Piscina } from "piscina";
import { type RemoteError, unpackError } from "../core/remote-error.ts";
import type { ResultOf, TaskName, TaskOf } from "./worker.ts";

/** What a worker answers. */
export type Answer<R> =
  | { readonly ok: true; readonly value: R }
  | { readonly ok: false; readonly error: RemoteError };

/** Threads that decode, compute and write; the main thread only hands out work and draws the progress. */
export interface Pool {
  readonly size: number;
  run<N extends TaskName>(name: N, task: TaskOf<N>): Promise<ResultOf<N>>;
  close(): Promise<void>;
}

/** The longest that a timer takes, in milliseconds: closing waits for a task however long it takes. */
const WEEKS = 2 ** 31 - 1;

/**
 * @param size  threads; default one for each core
 * @param signal  stops tasks halfway, those that look at theirs; without it they are always finished
 */
export function createPool(size: number = availableParallelism(), signal?: AbortSignal): Pool {
  const threads = new Piscina({
    filename: workerFile(),
    minThreads: size,
    maxThreads: size,
    // Idle threads need no spinning wait: work arrives in a steady stream and the cores are busy.
    atomics: "disabled",
    // A thread's garbage is whole pictures: collected early, 10,000 images peak at 244 MB instead of 277, no slower.
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
    closeTimeout: WEEKS,
  });
  const loading = new Set(threads.threads);
  for (const thread of loading)
    for (const event of ["message", "exit"]) thread.once(event, () => loading.delete(thread));
  return {
    size,
    run: async <N extends TaskName>(name: N, task: TaskOf<N>): Promise<ResultOf<N>> => {
      const answer = (await (signal === undefined
        ? threads.run({ name, task })
        : runStoppable(threads, { name, task }, signal))) as Answer<ResultOf<N>>;
      if (!answer.ok) throw unpackError(answer.error);
      return answer.value;
    },
    // Both abort the process: a thread that goes away while it loads modules (Node 20), and one that goes away
    // before ONNX Runtime's answer is taken.
    close: async () => {
      await Promise.allSettled([...loading].map(untilLoaded));
      await threads.close({ force: true });
    },
  };
}

/** A thread's first message says that it is ready for tasks. */
async function untilLoaded(thread: Worker): Promise<void> {
  thread.ref();
  await Promise.race([once(thread, "message"), once(thread, "exit")]);
}

/** Runs a task with a port on which it hears of the signal. */
async function runStoppable(
  threads: Piscina,
  message: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<unknown> {
  const { port1: speaker, port2: stop } = new MessageChannel();
  const tell = (): void => speaker.postMessage("stop");
  signal.addEventListener("abort", tell);
  if (signal.aborted) tell();
  try {
    return await threads.run({ ...message, stop }, { transferList: [stop] });
  } finally {
    signal.removeEventListener("abort", tell);
    speaker.close();
  }
}

/** The worker is a build output: `run/worker.js` in the built package, whatever chunk this code ended up in. */
function workerFile(): string {
  const here = import.meta.url;
  const dist = here.slice(0, here.lastIndexOf("/dist/") + "/dist/".length);
  return fileURLToPath(
    here.includes("/dist/") ? `${dist}run/worker.js` : new URL("../../dist/run/worker.js", here),
  );
}
