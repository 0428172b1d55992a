import { describe, expect, it } from "vitest";
import { linearRate } from "./schedule.ts";
import { type TrainLog, type TrainLoopOptions, trainLoop } from "./train.ts";

interface Trace {
  readonly steps: [batch: number, rate: number][];
  readonly saves: number[];
  readonly logs: TrainLog[];
}

/** Runs the loop over steps that only write down what they are given. */
async function trace(options: Partial<TrainLoopOptions<number>> = {}): Promise<Trace> {
  const result: Trace = { steps: [], saves: [], logs: [] };
  await trainLoop<number>({
    batches: (step) => step * 10,
    step: async (batch, rate) => {
      result.steps.push([batch, rate]);
      return { loss: 1 / (batch + 1) };
    },
    steps: 5,
    schedule: linearRate(1, 0, 5),
    checkpoint: { every: 2, save: async (step) => void result.saves.push(step) },
    onLog: (log) => result.logs.push(log),
    ...options,
  }).catch((error) => {
    throw Object.assign(error, { result });
  });
  return result;
}

describe("trainLoop", () => {
  it("gives each step its batch and rate, saves every so often and at the end", async () => {
    const { steps, saves, logs } = await trace();
    expect(steps).toEqual([
      [0, 1],
      [10, 0.8],
      [20, 0.6],
      [30, 0.4],
      [40, expect.closeTo(0.2, 12)],
    ]);
    expect(saves).toEqual([2, 4, 5]);
    expect(logs.map(({ step, numbers }) => [step, numbers.loss])).toEqual([
      [1, 1],
      [2, 1 / 11],
      [3, 1 / 21],
      [4, 1 / 31],
      [5, 1 / 41],
    ]);
    expect(logs[4].secondsLeft).toBe(0);
    expect(logs[0].secondsLeft).toBeGreaterThan(0);
  });

  it("goes on from a step", async () => {
    const { steps, saves } = await trace({ startStep: 3 });
    expect(steps.map(([batch]) => batch)).toEqual([30, 40]);
    expect(saves).toEqual([4, 5]);
    expect((await trace({ startStep: 5 })).steps).toEqual([]);
  });

  it("makes the next batch while a step runs", async () => {
    const events: string[] = [];
    await trace({
      steps: 2,
      batches: (step) => events.push(`batch ${step}`),
      step: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        events.push("stepped");
        return {};
      },
    });
    expect(events).toEqual(["batch 0", "batch 1", "stepped", "stepped"]);
  });

  it("stops at the signal, with what it did saved", async () => {
    const controller = new AbortController();
    const stopping = trace({
      signal: controller.signal,
      onLog: ({ step }) => step === 3 && controller.abort(),
    });
    await expect(stopping).rejects.toMatchObject({
      code: "ABORTED",
      message: "train: stopped after 3 of 5 steps",
      result: { saves: [2, 3] },
    });
  });

  it("does nothing when the signal has fired before, and nothing twice when it fires at the end", async () => {
    await expect(trace({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      message: "train: stopped after 0 of 5 steps",
      result: { saves: [], steps: [] },
    });
    const controller = new AbortController();
    const { saves } = await trace({
      signal: controller.signal,
      onLog: ({ step }) => step === 5 && controller.abort(),
    });
    expect(saves).toEqual([2, 4, 5]);
  });

  it("stops at a number that is not finite, says all of them and saves nothing", async () => {
    const step = async (batch: number): Promise<Record<string, number>> => ({
      loss: batch === 20 ? Number.NaN : 1,
      dice: 0.25,
      edge: batch === 20 ? Number.NaN : 0.75,
    });
    await expect(trace({ step, checkpoint: { every: 3, save: () => expect.fail() } })).rejects.toMatchObject({
      code: "MODEL",
      message: "train: step 3: expected finite numbers, got loss NaN, dice 0.25, edge NaN",
    });
  });

  it("passes the failure of a batch on", async () => {
    const batches = (step: number): number => {
      if (step === 2) throw new Error("no such image");
      return step;
    };
    await expect(trace({ batches })).rejects.toMatchObject({
      message: "no such image",
      result: { saves: [2] },
    });
  });

  it.each([
    [{ steps: 1.5 }, "trainLoop: steps: expected an integer >= 0"],
    [{ startStep: -1 }, "trainLoop: startStep: expected an integer >= 0"],
    [{ startStep: 6 }, "expected at most the 5 steps of the run"],
    [{ checkpoint: { every: 0, save: async () => {} } }, "checkpoint.every: expected an integer >= 1"],
  ])("refuses %o", async (options, message) => {
    await expect(trace(options)).rejects.toThrow(message);
  });
});
