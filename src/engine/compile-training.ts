import { invalid, MaskwrightError } from "../core/error.ts";
import { checkFeeds } from "./feeds.ts";
import { layoutParameters, type ParameterLayout } from "./flat-parameters.ts";
import { GRADIENT_NORM } from "./flat-trainer.ts";
import { gradients } from "./gradients.ts";
import { type InputAttributes, inputOp, type Tensor } from "./graph.ts";
import { addSums, areFinite, sumKey } from "./micro-batches.ts";
import { emitModel, inputsOf } from "./onnx.ts";
import { logicalAnd, where } from "./ops/compare.ts";
import type { OptimizerDefinition } from "./optimizer-definition.ts";
import { addClipping, addUpdate } from "./optimizer-graph.ts";
import { createQueue } from "./queue.ts";
import type { Arrays, Runtime, SessionOptions } from "./runtime.ts";
import { formatShape, opError, staticShape } from "./shape.ts";
import { stageGraph } from "./staged-graph.ts";
import type { OpeningPlan, Trainer, TrainerPlan, TrainerStart } from "./trainer-plan.ts";

type Tensors = Readonly<Record<string, Tensor>>;

/** A graph to be trained. Its inputs are parameters, running statistics, and what a step is fed. */
export interface TrainingGraph {
  /** One element. */
  readonly loss: Tensor;
  /** Inputs that are trained; the loss depends on each. */
  readonly parameters: readonly Tensor[];
  /** Values of one element that each step reports beside the loss, such as its parts. */
  readonly report?: Tensors;
  /** Inputs that follow along without a gradient, such as a batch norm's running mean, and what they become. */
  readonly running?: readonly { readonly state: Tensor; readonly next: Tensor }[];
  /**
   * Values of a step from which the caller makes its other inputs, such as predictions that are matched with what is there. `begin` computes
   * them, and what it computes is not computed again. Not with running statistics.
   */
  readonly opening?: Tensors;
  /** Outputs of other graphs on the same parameters and statistics, such as predictions, by the name `evaluate` takes. */
  readonly programs?: Readonly<Record<string, Tensors>>;
}

export interface TrainingOptions extends SessionOptions {
  /** Values of the parameters and running statistics by name, or a checkpoint. */
  readonly start: TrainerStart;
  readonly optimizer: OptimizerDefinition;
  /** Limit on the norm of all gradients together. */
  readonly clipNorm?: number;
  /** The most micro-batches that a step has. Default 1. */
  readonly microBatches?: number;
}

/**
 * Makes a graph ready to be trained: adds its gradients and opens a session.
 *
 * On WebGPU the update is part of the graph and parameters and moments stay on the device; elsewhere gradients are written to one flat array
 * and the update is a loop over it.
 *
 * @throws MaskwrightError INVALID_ARGUMENT naming a parameter that the loss does not depend on; SHAPE_MISMATCH for a start that does not fit
 */
export async function compileTraining(
  training: TrainingGraph,
  runtime: Runtime,
  { start, ...options }: TrainingOptions,
): Promise<Trainer> {
  const update = runtime.device === "webgpu" ? "graph" : "flat";
  const plan = planTraining(training, options, update);
  const state = new Set([...plan.parameters.slots, ...plan.running.slots].map(({ name }) => name));
  const { loss, report = {}, running = [], programs = {}, opening } = training;
  const fed = (tensors: readonly Tensor[]): ReturnType<typeof inputsOf> =>
    inputsOf(tensors).filter(({ name }) => !state.has(name));
  const openingInputs = opening === undefined ? [] : fed(Object.values(opening));
  const isOpening = new Set(openingInputs.map(({ name }) => name));
  const stepInputs = fed([loss, ...Object.values(report), ...running.map(({ next }) => next)]).filter(
    ({ name }) => !isOpening.has(name),
  );
  const programInputs = new Map(
    Object.entries(programs).map(([name, outputs]) => [name, fed(Object.values(outputs))]),
  );
  const trainer = await runtime.createTrainer(plan, start);
  const inOrder = createQueue();
  const most = options.microBatches ?? 1;
  let opened = 0;
  return {
    async begin(feeds) {
      if (opening === undefined) throw invalid("begin", "a graph with opening values", undefined);
      if (opened === most) throw invalid("begin", `a step after ${most}, as compiled for`, opened + 1);
      checkFeeds("begin", openingInputs, feeds);
      opened++;
      try {
        return await inOrder(() => trainer.begin(feeds));
      } catch (error) {
        opened--;
        throw error;
      }
    },
    async step(microBatches, rate) {
      if (microBatches.length === 0 || microBatches.length > most)
        throw invalid("step: microBatches", `1 to ${most}, as compiled for`, microBatches.length);
      if (opening !== undefined && microBatches.length !== opened)
        throw invalid("step: microBatches", `${opened}, as were begun`, microBatches.length);
      for (const feeds of microBatches) checkFeeds("step", stepInputs, feeds);
      opened = 0;
      return await inOrder(() => trainer.step(microBatches, rate));
    },
    async evaluate(name: string, feeds: Arrays) {
      const inputs = programInputs.get(name);
      if (inputs === undefined)
        throw new MaskwrightError(
          "NOT_FOUND",
          `evaluate: expected one of ${[...programInputs.keys()].join(", ")}, got "${name}"`,
        );
      checkFeeds(`evaluate "${name}"`, inputs, feeds);
      return await inOrder(() => trainer.evaluate(name, feeds));
    },
    state: () => inOrder(trainer.state),
    dispose: () => inOrder(trainer.dispose),
  };
}

/** What the trainer needs to know, with the models written out. */
function planTraining(
  { loss, parameters, report = {}, running = [], programs = {}, opening }: TrainingGraph,
  { optimizer, clipNorm, microBatches = 1, ...session }: Omit<TrainingOptions, "start">,
  update: TrainerPlan["update"],
): TrainerPlan {
  const byName = Object.fromEntries(parameters.map((tensor) => [nameOf(tensor), tensor]));
  for (const [name, { shape }] of Object.entries(report))
    if (shape.some((dim) => dim !== 1))
      throw opError(`compileTraining: report "${name}"`, "one element", formatShape(shape));
  const reported: Record<string, Tensor> = { loss, ...report };
  const outputs: Record<string, Tensor> = { ...reported };
  const updated: Record<string, Tensor> = {};
  for (const { state, next } of running) updated[nameOf(state)] = next;
  const slopes = gradients(loss, byName);
  if (update === "flat")
    for (const [name, slope] of Object.entries(slopes)) outputs[`gradient/${name}`] = slope;
  else {
    const summed = microBatches === 1 ? null : addSums(slopes);
    const total = summed?.sums ?? slopes;
    const clipped = clipNorm === undefined ? null : addClipping(total, clipNorm);
    if (clipped !== null) reported[GRADIENT_NORM] = outputs[GRADIENT_NORM] = clipped.norm;
    const finite = areFinite(Object.values(reported));
    for (const { state, next } of running) updated[nameOf(state)] = where(finite, next, state);
    const isMade = summed === null ? finite : logicalAnd(finite, summed.isLast);
    Object.assign(updated, addUpdate(optimizer, byName, clipped?.gradients ?? total, isMade));
    for (const [name, sum] of Object.entries(summed?.sums ?? {})) updated[sumKey(name)] = sum;
  }
  for (const [name, tensor] of Object.entries(updated)) outputs[`next/${name}`] = tensor;
  const runningLayout = layoutOf(running.map(({ state }) => state));
  const stateNames = new Set([...Object.keys(byName), ...runningLayout.slots.map(({ name }) => name)]);
  if (opening !== undefined && running.length > 0)
    throw invalid("compileTraining: running", "no running statistics beside opening values", running);
  const stages = opening === undefined ? null : planStages(outputs, opening, { stateNames, update });
  return {
    update,
    model: stages?.model ?? emitModel(outputs),
    opening: stages?.opening ?? null,
    programs: Object.fromEntries(
      Object.entries(programs).map(([name, tensors]) => {
        const inputs = inputsOf(Object.values(tensors)).map((each) => each.name);
        return [name, { model: emitModel(tensors), state: inputs.filter((each) => stateNames.has(each)) }];
      }),
    ),
    parameters: layoutOf(parameters),
    running: runningLayout,
    report: Object.keys(reported),
    optimizer,
    clipNorm: clipNorm ?? null,
    microBatches,
    session,
  };
}

/** A step in two stages. Where the update is part of the graph, the second computes again what the first did. */
function planStages(
  outputs: Tensors,
  opening: Tensors,
  { stateNames, update }: { stateNames: ReadonlySet<string>; update: TrainerPlan["update"] },
): { model: Uint8Array<ArrayBuffer>; opening: OpeningPlan } {
  const namesOf = (tensors: Tensors): string[] => inputsOf(Object.values(tensors)).map(({ name }) => name);
  const { saved, rest } = update === "flat" ? stageGraph(outputs, opening) : { saved: {}, rest: outputs };
  const first = { ...opening, ...saved };
  const [firstInputs, restInputs] = [namesOf(first), namesOf(rest)];
  const isState = (name: string): boolean => stateNames.has(name);
  return {
    model: emitModel(rest),
    opening: {
      model: emitModel(first),
      state: firstInputs.filter(isState),
      outputs: Object.keys(opening),
      saved: Object.entries(saved).map(([name, { shape, dtype }]) => ({
        name,
        shape: staticShape(`"${name}"`, shape),
        dtype,
      })),
      feeds: restInputs.filter((name) => !isState(name) && firstInputs.includes(name)),
      restState: restInputs.filter(isState),
    },
  };
}

function layoutOf(tensors: readonly Tensor[]): ParameterLayout {
  return layoutParameters(
    tensors.map((tensor) => [nameOf(tensor), staticShape(`parameter "${nameOf(tensor)}"`, tensor.shape)]),
  );
}

function nameOf({ node }: Tensor): string {
  if (node.op === inputOp) return (node.attributes as InputAttributes).name;
  throw invalid("compileTraining: parameters and running statistics", "inputs of the graph", node.op.name);
}
