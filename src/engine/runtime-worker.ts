import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { unpackError } from "../core/remote-error.ts";
import type { Arrays, Runtime, Session } from "./runtime.ts";
import type { NodeRuntimeOptions } from "./runtime-node.ts";
import type { Trainer } from "./trainer-plan.ts";
import { compact, type WorkerAnswer, type WorkerCalls, type WorkerRequest } from "./worker-protocol.ts";

/** A runtime in a thread of its own: this one stays free while graphs run and parameters are updated. */
export interface WorkerRuntime extends Runtime {
  /** Ends the thread, once what runs in it has ended: ONNX Runtime ends the process when its answer is not taken. */
  close(): Promise<void>;
}

/**
 * ONNX Runtime in a worker thread, on the first device of those asked for that works. Feeds are copied there, results move back.
 *
 * @throws MaskwrightError MODEL when onnxruntime-node is not installed, or none of the devices is there
 */
export async function openWorkerRuntime(options: NodeRuntimeOptions = {}): Promise<WorkerRuntime> {
  // Options such as --input-type are for the program, not for its threads.
  const worker = new Worker(workerFile(), { execArgv: [] });
  const { ask, settle } = remoteCalls(worker);
  const close = async (): Promise<void> => {
    await settle();
    await worker.terminate();
  };
  try {
    const device = await ask("open", [options]);
    return {
      device,
      createSession: async (model, sessionOptions) =>
        remoteSession(ask, await ask("createSession", [model, sessionOptions], [model.buffer])),
      async createTrainer(plan, start) {
        const all = [plan, ...Object.values(plan.programs), ...(plan.opening === null ? [] : [plan.opening])];
        const models = all.map(({ model }) => model.buffer);
        return remoteTrainer(ask, await ask("createTrainer", [plan, start], models));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Ask = <C extends keyof WorkerCalls>(
  call: C,
  args: Parameters<WorkerCalls[C]>,
  transfer?: ArrayBuffer[],
) => ReturnType<WorkerCalls[C]>;

function remoteSession(ask: Ask, id: number): Session {
  return {
    async run(feeds, into = {}) {
      const results = await ask("run", [id, compact(feeds)]);
      for (const [name, { data }] of Object.entries(into))
        (data as Float32Array).set(results[name].data as Float32Array);
      return { ...results, ...into };
    },
    write: (values: Arrays) => void ask("write", [id, compact(values)]),
    read: () => ask("read", [id]),
    release: () => ask("release", [id]),
  };
}

function remoteTrainer(ask: Ask, id: number): Trainer {
  return {
    step: (microBatches, rate) => ask("step", [id, microBatches.map(compact), rate]),
    begin: (feeds) => ask("begin", [id, compact(feeds)]),
    evaluate: (program, feeds) => ask("evaluate", [id, program, compact(feeds)]),
    state: () => ask("state", [id]),
    dispose: () => ask("release", [id]),
  };
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Questions to the thread and its answers; when it ends, whoever still waits or asks later is told. */
function remoteCalls(worker: Worker): { readonly ask: Ask; settle(): Promise<void> } {
  const waiting = new Map<number, Waiting>();
  let onIdle = (): void => {};
  let count = 0;
  let ended: Error | null = null;
  const rejectAll = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    onIdle();
  };
  worker.on("message", (answer: WorkerAnswer) => {
    const { resolve, reject } = waiting.get(answer.id) as Waiting;
    waiting.delete(answer.id);
    // An idle thread does not keep the process alive.
    if (waiting.size === 0) worker.unref();
    if (answer.ok) resolve(answer.value);
    else reject(unpackError(answer.error));
    if (waiting.size === 0) onIdle();
  });
  worker.on("error", rejectAll);
  worker.on("exit", (code) => {
    ended = new Error(`the engine's thread ended (${code})`);
    rejectAll(ended);
  });
  const ask = (<C extends keyof WorkerCalls>(
    call: C,
    args: Parameters<WorkerCalls[C]>,
    transfer: ArrayBuffer[] = [],
  ) =>
    new Promise<unknown>((resolve, reject) => {
      if (ended !== null) return reject(ended);
      worker.ref();
      waiting.set(++count, { resolve, reject });
      const request: WorkerRequest<C> = { id: count, call, args };
      worker.postMessage(request, transfer);
    })) as Ask;
  return {
    ask,
    settle: () =>
      new Promise((resolve) => {
        onIdle = resolve;
        if (waiting.size === 0) resolve();
      }),
  };
}

/** The thread's entry is a build output: `engine/engine-worker.js` in the built package, whatever chunk this code ended up in. */
function workerFile(): string {
  const here = import.meta.url;
  const dist = here.slice(0, here.lastIndexOf("/dist/") + "/dist/".length);
  return fileURLToPath(
    here.includes("/dist/")
      ? `${dist}engine/engine-worker.js`
      : new URL("../../dist/engine/engine-worker.js", here),
  );
}
