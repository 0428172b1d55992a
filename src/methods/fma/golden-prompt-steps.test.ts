import { afterAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import {
  type Arrays,
  addUpdate,
  compileTraining,
  gradients,
  type TrainingGraph,
} from "../../engine/index.ts";
import { interpret } from "../../engine/testing/interpreter.ts";
import { relativeError } from "../../testing/golden.ts";
import {
  classificationFeeds,
  classificationOptions,
  pullSlack,
  segmentationOptions,
  segmentationRuns,
} from "../../testing/golden-prompt-feeds.ts";
import {
  dtypes,
  type GoldenPictures,
  type GoldenPrompts,
  openGoldenPrompts,
  tensorsOf,
  tolerances,
  type Values,
} from "../../testing/golden-prompts.ts";
import { clipLastBlock } from "./clip-sides.ts";
import {
  classificationTraining,
  promptOptimizer,
  promptRate,
  segmentationTraining,
} from "./prompt-training.ts";

const opened = await openGoldenPrompts("steps of prompts");

describe.skipIf(opened === null)("golden fma: steps of prompts", () => {
  const prompts = opened ?? ({} as GoldenPrompts);
  const { runtime, golden, scales = [], open, textSide, expectClose } = prompts;
  afterAll(() => opened?.close());

  describe.each(scales)("steps of SGD, %s", (name) => {
    /** The schedule that the set's own rates show. */
    const scheduleOf = (kind: string): ((step: number) => number) => {
      const rates = Array.from(golden.get(`sgd.${name}.${kind}.float64.lr`).data as Float64Array);
      const rate = Math.max(...rates);
      const warmupSteps = rates.indexOf(rate);
      // The half cosine comes down to (1 + cos(π / steps)) / 2 of the rate in a step.
      const fall = (rates[warmupSteps + 1] ?? rate / 2) / rate;
      if (fall === 1) return () => rate;
      return promptRate(warmupSteps + Math.round(Math.PI / Math.acos(2 * fall - 1)), { warmupSteps, rate });
    };
    const start = (): { tensors: Map<string, NdArray> } => ({
      tensors: new Map([["context", golden.get("gradcam.ctx")]]),
    });

    interface Trained {
      readonly losses: readonly number[];
      readonly context: ArrayLike<number>;
    }

    async function train(
      training: TrainingGraph,
      feeds: readonly Readonly<Record<string, Values>>[],
      rates: readonly number[],
    ): Promise<Trained> {
      const trainer = await compileTraining(training, runtime, {
        optimizer: promptOptimizer,
        microBatches: feeds.length,
        start: start(),
      });
      const losses: number[] = [];
      for (const rate of rates) losses.push((await trainer.step(feeds as Arrays[], rate)).loss);
      const { data } = (await trainer.state()).tensors.get("context") as NdArray;
      await trainer.dispose();
      return { losses, context: data as Float32Array };
    }

    /** The same by the interpreter, in one run a step. */
    function trainExactly(
      { loss, parameters }: TrainingGraph,
      fixed: Readonly<Record<string, Values>>,
      rates: readonly number[],
    ): Trained {
      const [context] = parameters;
      const next = addUpdate(promptOptimizer, { context }, { context: gradients(loss, [context])[0] });
      const moment = Object.keys(next).find((name) => name !== "context") as string;
      const rateName = [...context.graph.names].find((name) => name.includes("rate")) as string;
      const given = Object.entries(fixed).map(([name, { data }]) => [name, data as Float64Array]);
      const before = golden.get("gradcam.ctx").data as Float32Array;
      const losses: number[] = [];
      let state: Record<string, ArrayLike<number>> = {
        context: before,
        [moment]: new Float64Array(before.length),
      };
      for (const rate of rates) {
        const feeds = { ...Object.fromEntries(given), ...state, [rateName]: [rate] };
        const [value, moved, velocity] = interpret([loss, next.context, next[moment]], feeds);
        losses.push(value.data[0]);
        state = { context: moved.data, [moment]: velocity.data };
      }
      return { losses, context: state.context };
    }

    async function expectSteps(
      kind: "cl" | "cam",
      set: GoldenPictures,
      training: TrainingGraph,
      feeds: readonly Readonly<Record<string, Values>>[],
    ): Promise<void> {
      const { dtype } = set;
      const key = `sgd.${name}.${kind}.DTYPE`;
      const wantedOf = (what: string): Float64Array =>
        golden.get(`${key}.${what}`.replace("DTYPE", dtype)).data as Float64Array;
      const wantedLosses = wantedOf("losses");
      const rates = Array.from(wantedLosses, (_, step) => scheduleOf(kind)(step));
      const isExact = dtype === "float64";
      const { losses, context } = isExact
        ? trainExactly(training, feeds[0], rates)
        : await train(training, feeds, rates);
      expectClose(`${key}.lr`, dtype, rates, 1e-12);
      const after = `ctx_after${rates.length}`;
      // What the steps changed, which is small beside the context.
      const moved = (values: ArrayLike<number>): Float64Array =>
        Float64Array.from(values, (value, p) => value - Number(golden.get("gradcam.ctx").data[p]));
      const wantedMoves = moved(wantedOf(after));
      const share = kind === "cam" ? roundedShare(set) : 0;
      const fall = (largest(wantedLosses) - Math.min(...wantedLosses)) / (largest(wantedLosses) || 1);
      const move = largest(wantedMoves) / largest(wantedOf(after));
      expectClose(`${key}.losses`, dtype, losses, tolerances[dtype] + share * fall);
      expectClose(`${key}.${after}`, dtype, context, tolerances[dtype] + share * move);
      const error = relativeError(moved(context), wantedMoves);
      expect(error, key).toBeLessThan((isExact ? 5e-4 : 5e-3) + share);
    }

    /** How much of the CAM loss's slope rounding decides, with room for what that does to the context. */
    function roundedShare(set: GoldenPictures): number {
      const key = `gradcam.${name}.True.${set.dtype}`;
      const pulls = golden.get(`${key}.cam_grad_pos_cam`).data as Float64Array;
      const total = pulls.reduce((sum, pull) => sum + Math.abs(pull), 0);
      return total === 0 ? 0 : (16 * pullSlack(prompts, set, key)) / total;
    }

    it.each(dtypes)("of classification prompts, %s", async (dtype) => {
      const set = await open(dtype);
      const training = classificationTraining(textSide(set, name), classificationOptions(set));
      await expectSteps("cl", set, training, [classificationFeeds(set)]);
    });

    it.each([
      [1, "float32"],
      [3, "float32"],
      [1, "float64"],
    ] as const)("of segmentation prompts, in %i runs, %s", async (runs, dtype) => {
      const set = await open(dtype);
      const rows = Math.ceil(set.pairs.length / runs);
      const text = textSide(set, name);
      const training = segmentationTraining(
        text,
        clipLastBlock(set.source),
        segmentationOptions(prompts, set, rows),
      );
      await expectSteps("cam", set, training, segmentationRuns(prompts, set, rows));
    });
  });

  it("leaves nothing of the set out", () => {
    expect(golden.unused().filter((name) => tensorsOf.steps.test(name))).toEqual([]);
  });
});

function largest(values: ArrayLike<number>): number {
  return Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
