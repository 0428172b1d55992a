import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { type Arrays, constantRate, type Trainer, trainLoop } from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { drawPrompter } from "../../models/prompter/initial.ts";
import { tinyPrompter } from "../../models/prompter/testing/tiny-prompter.ts";
import { type PartTargets, packTargets } from "./targets.ts";
import { compilePartTraining } from "./training.ts";

const { channels, grid, tokens } = tinyPrompter;
const runtime = await openNodeRuntime({ threads: 1 });

function noise(seed: string, shape: readonly number[]): NdArray<"float32"> {
  const { normal } = random(seed);
  return {
    dtype: "float32",
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, normal),
  };
}

/** As many pictures as there are lists of classes. */
function batchOf(seed: string, classes: readonly (readonly number[])[]): Arrays {
  const pictures = classes.map(
    (classIds, b): PartTargets => ({
      classIds,
      tokens: noise(`${seed} ${b}`, [classIds.length, tokens, channels]),
    }),
  );
  return {
    features: noise(seed, [classes.length, channels, grid, grid]),
    ...packTargets(pictures, [tokens, channels]),
  };
}

const open = (batch: number, microBatches = 1): Promise<Trainer> =>
  compilePartTraining(tinyPrompter, runtime, {
    batch,
    microBatches,
    start: { tensors: drawPrompter(tinyPrompter, random(1)) },
  });

describe("compilePartTraining", () => {
  it("learns what the parts of a few pictures are", async () => {
    const trainer = await open(2);
    const batch = batchOf("learn", [[1, 2], [2]]);
    let last: Readonly<Record<string, number>> = {};
    await trainLoop({
      batches: () => [batch],
      step: (each, rate) => trainer.step(each, rate),
      steps: 300,
      schedule: constantRate(1e-2),
      onLog: ({ numbers }) => {
        last = numbers;
      },
    });
    await trainer.dispose();
    expect(last).toMatchObject({ accuracy: 1, recall: 1, "left over": 0 });
    expect(last.token).toBeLessThan(0.05);
    expect(last.loss).toBeCloseTo(5 * last.class + 20 * last.token, 4);
  });

  it("takes pictures without parts, and with more parts than queries", async () => {
    const trainer = await open(2);
    const numbers = await trainer.step([batchOf("odd", [[], [1, 1, 2, 2, 1]])], 1e-3);
    expect(numbers["left over"]).toBe(2);
    const none = await trainer.step([batchOf("none", [[], []])], 1e-3);
    expect(none).toMatchObject({ token: 0, recall: 1, "left over": 0 });
    expect(Object.values(none).every(Number.isFinite)).toBe(true);
    await trainer.dispose();
  });

  it("makes one update of two micro-batches, as of one batch of both", async () => {
    const [small, large] = [await open(1, 2), await open(2)];
    const together = batchOf("micro", [[1], [2]]);
    const half = (b: number): Arrays => {
      const cut = (array: NdArray): NdArray => {
        const size = array.data.length / 2;
        const data = (array.data as Float32Array).slice(b * size, (b + 1) * size);
        return { ...array, shape: [1, ...array.shape.slice(1)], data } as NdArray;
      };
      return Object.fromEntries(Object.entries(together).map(([name, array]) => [name, cut(array)]));
    };
    const apart = await small.step([half(0), half(1)], 1e-3);
    const whole = await large.step([together], 1e-3);
    for (const [name, value] of Object.entries(whole)) expect(apart[name], name).toBeCloseTo(value, 4);
    const [a, b] = [await small.state(), await large.state()];
    const gaps = [...a.tensors].map(([name, { data }]) => {
      const other = b.tensors.get(name)?.data as Float32Array;
      return (data as Float32Array).reduce((most, value, i) => Math.max(most, Math.abs(value - other[i])), 0);
    });
    // Adam's first step is ±rate, and a sign may differ where the gradient is noise.
    expect(gaps.filter((gap) => gap < 1e-4).length).toBeGreaterThan(0.8 * gaps.length);
    await small.dispose();
    await large.dispose();
  });

  it("goes on from a state as if it had not stopped", async () => {
    const batches = [batchOf("a", [[1]]), batchOf("b", [[2, 1]]), batchOf("c", [[2]])];
    const through = await open(1);
    for (const each of batches) await through.step([each], 1e-3);
    const first = await open(1);
    await first.step([batches[0]], 1e-3);
    const start = await first.state();
    await first.dispose();
    const second = await compilePartTraining(tinyPrompter, runtime, { batch: 1, start });
    for (const each of batches.slice(1)) await second.step([each], 1e-3);
    expect(await second.state()).toEqual(await through.state());
    await through.dispose();
    await second.dispose();
  });

  it("refuses another number of pictures", async () => {
    const trainer = await open(2);
    await expect(trainer.step([batchOf("one", [[1]])], 1e-3)).rejects.toThrow(
      "step: counts: expected 2 pictures, got 1",
    );
    await trainer.dispose();
  });
});
