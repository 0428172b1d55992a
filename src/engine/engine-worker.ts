import { parentPort } from "node:worker_threads";
import { packError } from "../core/remote-error.ts";
import type { Runtime, Session } from "./runtime.ts";
import { openNodeRuntime } from "./runtime-node.ts";
import type { Trainer } from "./trainer-plan.ts";
import { buffersOf, type WorkerAnswer, type WorkerCalls, type WorkerRequest } from "./worker-protocol.ts";

/** Entry of the thread behind `openWorkerRuntime`. */
let runtime: Runtime;
const sessions = new Map<number, Session>();
const trainers = new Map<number, Trainer>();
let count = 0;

const calls: WorkerCalls = {
  async open(options) {
    runtime = await openNodeRuntime(options);
    return runtime.device;
  },
  async createSession(model, options) {
    const session = await runtime.createSession(model, options);
    sessions.set(++count, session);
    return count;
  },
  run: (session, feeds) => sessionOf(session).run(feeds),
  write: async (session, values) => sessionOf(session).write(values),
  read: (session) => sessionOf(session).read(),
  async createTrainer(plan, start) {
    const trainer = await runtime.createTrainer(plan, start);
    trainers.set(++count, trainer);
    return count;
  },
  step: (trainer, microBatches, rate) => trainerOf(trainer).step(microBatches, rate),
  begin: (trainer, feeds) => trainerOf(trainer).begin(feeds),
  evaluate: (trainer, program, feeds) => trainerOf(trainer).evaluate(program, feeds),
  state: (trainer) => trainerOf(trainer).state(),
  async release(object) {
    await sessions.get(object)?.release();
    await trainers.get(object)?.dispose();
    sessions.delete(object);
    trainers.delete(object);
  },
};

function sessionOf(id: number): Session {
  return sessions.get(id) as Session;
}

function trainerOf(id: number): Trainer {
  return trainers.get(id) as Trainer;
}

parentPort?.on("message", async ({ id, call, args }: WorkerRequest) => {
  const answer = await (calls[call] as (...args: unknown[]) => Promise<unknown>)(...args).then(
    (value): WorkerAnswer => ({ id, ok: true, value }),
    (error): WorkerAnswer => ({ id, ok: false, error: packError(error) }),
  );
  // Results are new arrays, so they move instead of being copied.
  parentPort?.postMessage(answer, buffersOf(answer));
});
