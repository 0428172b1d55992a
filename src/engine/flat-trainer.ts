import type { NdArray } from "../core/array.ts";
import { emptyArray } from "./empty-array.ts";
import { addGradients, clipGradients } from "./flat-gradients.ts";
import { allocateFlat } from "./flat-memory.ts";
import { type ParameterLayout, packParameters, viewParameters } from "./flat-parameters.ts";
import { applyGradients, createOptimizer } from "./optimizer.ts";
import { restoreOptimizer, viewOptimizerState } from "./optimizer-state.ts";
import type { Arrays, Runtime } from "./runtime.ts";
import type { Trainer, TrainerPlan, TrainerStart } from "./trainer-plan.ts";

/** What a step calls the norm of all gradients. */
export const GRADIENT_NORM = "gradient norm";

/**
 * A trainer whose parameters, gradients and moments are flat arrays: the session reads and writes views of them, and the update is one loop
 * over them. On a CPU that is as fast as an update in the graph and keeps the graph small.
 */
export async function createFlatTrainer(
  createSession: Runtime["createSession"],
  plan: TrainerPlan,
  start: TrainerStart,
): Promise<Trainer> {
  const { parameters: layout, running, report, clipNorm } = plan;
  const begun =
    start.optimizer === undefined
      ? createOptimizer(plan.optimizer, layout)
      : restoreOptimizer(plan.optimizer, layout, start.optimizer);
  const [parameters, gradients, ...moments] = allocateFlat(layout.length, 2 + begun.moments.length);
  parameters.set(packParameters(layout, pick(start.tensors, layout)));
  for (const [index, moment] of begun.moments.entries()) moments[index].set(moment);
  const optimizer = { ...begun, moments };
  const parameterViews = Object.fromEntries(viewParameters(layout, parameters));
  const gradientViews = prefixed("gradient/", viewParameters(layout, gradients));
  let sum: Float32Array | null = null;
  let statistics: Arrays = Object.fromEntries(
    viewParameters(running, packParameters(running, pick(start.tensors, running))),
  );
  const session = await createSession(plan.model, { ...plan.session, fillsArrays: true });
  const programs = await openPrograms(createSession, plan);
  const opening = await openStage(createSession, plan);
  const state = plan.opening === null ? parameterViews : only(parameterViews, plan.opening.restState);

  return {
    begin: (feeds) => opening.run(feeds, parameterViews),
    async step(microBatches, rate) {
      const numbers = Object.fromEntries(report.map((name) => [name, 0]));
      const share = 1 / microBatches.length;
      let next = statistics;
      if (microBatches.length > 1) sum = sum?.fill(0) ?? new Float32Array(layout.length);
      for (const feeds of microBatches) {
        const results = await session.run({ ...feeds, ...opening.take(), ...state, ...next }, gradientViews);
        for (const name of report) numbers[name] += share * Number(results[name].data[0]);
        next = Object.fromEntries(running.slots.map(({ name }) => [name, results[`next/${name}`]]));
        if (microBatches.length > 1) addGradients(sum as Float32Array, gradients, share);
      }
      if (microBatches.length > 1) gradients.set(sum as Float32Array);
      if (clipNorm !== null) numbers[GRADIENT_NORM] = clipGradients(gradients, clipNorm);
      if (!Object.values(numbers).every(Number.isFinite)) return numbers;
      statistics = next;
      applyGradients(optimizer, parameters, gradients, rate);
      return numbers;
    },
    evaluate: (name, feeds) => programs.run(name, feeds, { ...parameterViews, ...statistics }),
    async state() {
      const tensors = new Map<string, NdArray>([
        ...viewParameters(layout, parameters.slice()),
        ...Object.entries(statistics).map(
          ([name, array]) => [name, { ...array, data: array.data.slice() as Float32Array }] as const,
        ),
      ]);
      const copies = moments.map((moment) => moment.slice());
      return { tensors, optimizer: viewOptimizerState({ ...optimizer, moments: copies }) };
    },
    async dispose() {
      await session.release();
      await programs.release();
      await opening.release();
    },
  };
}

/** The first stage of a step: what it computed of each micro-batch waits here for the second. */
interface OpenedStage {
  run(feeds: Arrays, parameters: Arrays): Promise<Arrays>;
  /** What the second stage needs of the micro-batch that was begun first. */
  take(): Arrays;
  release(): Promise<void>;
}

export async function openStage(
  createSession: Runtime["createSession"],
  { opening, session: options }: TrainerPlan,
): Promise<OpenedStage> {
  if (opening === null)
    return { run: () => Promise.reject(new Error("no opening")), take: () => ({}), release: async () => {} };
  const fillsArrays = opening.saved.length > 0;
  const session = await createSession(opening.model, { ...options, fillsArrays });
  const waiting: Arrays[] = [];
  // Arrays of micro-batches that are over, to be written again.
  const free: Arrays[] = [];
  let taken: Arrays | null = null;
  const allocate = (): Arrays =>
    Object.fromEntries(opening.saved.map(({ name, dtype, shape }) => [name, emptyArray(dtype, shape)]));
  return {
    async run(feeds, parameters) {
      const saved = free.pop() ?? allocate();
      const results = await session.run({ ...feeds, ...only(parameters, opening.state) }, saved);
      waiting.push({ ...saved, ...only(feeds, opening.feeds) });
      return only(results, opening.outputs);
    },
    take() {
      if (taken !== null) free.push(taken);
      const first = waiting.shift();
      if (first === undefined) throw new Error("no micro-batch was begun");
      taken = only(
        first,
        opening.saved.map(({ name }) => name),
      );
      return first;
    },
    release: () => session.release(),
  };
}

function only(arrays: Arrays, names: readonly string[]): Arrays {
  return Object.fromEntries(names.map((name) => [name, arrays[name]]));
}

export interface Programs {
  run(name: string, feeds: Arrays, state: Arrays): Promise<Arrays>;
  release(): Promise<void>;
}

/** Sessions of the programs beside the step. */
export async function openPrograms(
  createSession: Runtime["createSession"],
  { programs, session: options }: TrainerPlan,
): Promise<Programs> {
  const sessions = new Map<string, Awaited<ReturnType<typeof createSession>>>();
  for (const [name, { model }] of Object.entries(programs))
    sessions.set(name, await createSession(model, options));
  return {
    run(name, feeds, state) {
      const session = sessions.get(name);
      if (session === undefined) throw new Error(`no program "${name}"`);
      const used = programs[name].state.map((key) => [key, state[key]]);
      return session.run({ ...feeds, ...Object.fromEntries(used) });
    },
    async release() {
      for (const session of sessions.values()) await session.release();
    },
  };
}

/** The tensors of a layout, whatever else there is. */
export function pick(
  tensors: ReadonlyMap<string, NdArray>,
  { slots }: ParameterLayout,
): Map<string, NdArray> {
  const found = new Map<string, NdArray>();
  for (const { name } of slots) {
    const tensor = tensors.get(name);
    if (tensor !== undefined) found.set(name, tensor);
  }
  return found;
}

function prefixed(prefix: string, arrays: ReadonlyMap<string, NdArray>): Arrays {
  return Object.fromEntries([...arrays].map(([name, array]) => [prefix + name, array]));
}
