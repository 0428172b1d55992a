import { elementCount, type NdArray } from "../core/array.ts";
import { packParameters, viewParameters } from "./flat-parameters.ts";
import { GRADIENT_NORM, openPrograms, openStage, pick } from "./flat-trainer.ts";
import { microBatchFeeds, sumKey } from "./micro-batches.ts";
import { createOptimizer } from "./optimizer.ts";
import { type MomentName, momentKey, momentNames } from "./optimizer-definition.ts";
import { updateFeeds } from "./optimizer-graph.ts";
import { restoreOptimizer, viewOptimizerState } from "./optimizer-state.ts";
import type { Arrays, Runtime } from "./runtime.ts";
import type { Trainer, TrainerPlan, TrainerStart } from "./trainer-plan.ts";

/**
 * A trainer whose update is part of the graph: parameters, moments and running statistics stay on the device from step to step, and come
 * to this side only to be saved, or to be used by another program.
 */
export async function createGraphTrainer(
  createSession: Runtime["createSession"],
  plan: TrainerPlan,
  start: TrainerStart,
): Promise<Trainer> {
  const { parameters: layout, running, report, optimizer: definition } = plan;
  const state: Record<string, NdArray> = {};
  for (const part of [layout, running])
    for (const [name, array] of viewParameters(part, packParameters(part, pick(start.tensors, part))))
      state[name] = array;
  const before = viewOptimizerState(
    start.optimizer === undefined
      ? createOptimizer(definition, layout)
      : restoreOptimizer(definition, layout, start.optimizer),
  );
  for (const [moment, arrays] of before.moments)
    for (const [name, array] of arrays) state[momentKey(moment, name)] = array;
  if (plan.microBatches > 1)
    for (const { name, shape } of layout.slots)
      state[sumKey(name)] = { dtype: "float32", shape, data: new Float32Array(elementCount(shape)) };
  const resident = Object.fromEntries(Object.keys(state).map((name) => [name, `next/${name}`]));
  const session = await createSession(plan.model, { ...plan.session, resident });
  session.write(state);
  const programs = await openPrograms(createSession, plan);
  const opening = await openStage(createSession, plan);
  let updates = before.step;
  let current: Promise<Arrays> | null = null;
  const read = (): Promise<Arrays> => (current ??= session.read());

  return {
    begin: async (feeds) => await opening.run(feeds, await read()),
    async step(microBatches, rate) {
      const numbers = Object.fromEntries(report.map((name) => [name, 0]));
      const count = microBatches.length;
      const areFinite = (): boolean => Object.values(numbers).every(Number.isFinite);
      current = null;
      for (const [index, feeds] of microBatches.entries()) {
        const isLast = index === count - 1 && areFinite();
        const results = await session.run({
          ...feeds,
          ...opening.take(),
          ...updateFeeds(definition, updates, rate),
          ...(plan.microBatches > 1 && microBatchFeeds(index, count, isLast)),
        });
        for (const name of report) {
          const value = Number(results[name].data[0]);
          // The norm is that of the sum so far.
          numbers[name] = name === GRADIENT_NORM ? value : numbers[name] + value / count;
        }
      }
      if (areFinite()) updates++;
      return numbers;
    },
    evaluate: async (name, feeds) => await programs.run(name, feeds, await read()),
    async state() {
      // Not those of read: the caller may do with them what it wants.
      const arrays = await session.read();
      const tensors = new Map([...layout.slots, ...running.slots].map(({ name }) => [name, arrays[name]]));
      const momentOf = (moment: MomentName): Map<string, NdArray<"float32">> =>
        new Map(
          layout.slots.map(({ name }) => [name, arrays[momentKey(moment, name)] as NdArray<"float32">]),
        );
      const moments = new Map(momentNames(definition).map((moment) => [moment, momentOf(moment)]));
      return { tensors, optimizer: { step: updates, moments } };
    },
    async dispose() {
      await session.release();
      await programs.release();
      await opening.release();
    },
  };
}
