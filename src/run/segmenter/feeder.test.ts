import { describe, expect, it } from "vitest";
import { createFeeder } from "./feeder.ts";

/** A clock that is moved by hand. */
function clock(): { now: () => number; pass: (ms: number) => void } {
  let time = 1000;
  return {
    now: () => time,
    pass: (ms) => {
      time += ms;
    },
  };
}

describe("createFeeder", () => {
  it("begins what the next steps are fed, none twice, and none after the last", async () => {
    const begun: number[] = [];
    const feeder = createFeeder(
      async (step) => {
        begun.push(step);
        return `batch ${step}`;
      },
      { steps: 5, ahead: 2 },
    );
    expect(await feeder.of(1)).toBe("batch 1");
    expect(begun).toEqual([1, 2, 3]);
    expect(await feeder.of(2)).toBe("batch 2");
    expect(await feeder.of(3)).toBe("batch 3");
    expect(await feeder.of(4)).toBe("batch 4");
    expect(begun).toEqual([1, 2, 3, 4]);
  });

  it("counts the time between the end of a step and the readiness of the next one's batch", async () => {
    const { now, pass } = clock();
    const ready = new Map<number, () => void>();
    const feeder = createFeeder((step) => new Promise<void>((resolve) => ready.set(step, resolve)), {
      steps: 3,
      ahead: 0,
      now,
    });
    expect(feeder.waitingShare()).toBe(0);
    const runStep = async (ms: number): Promise<void> => feeder.run(async () => pass(ms));
    const first = feeder.of(0);
    ready.get(0)?.();
    await first;
    await runStep(60);
    const second = feeder.of(1);
    pass(20);
    ready.get(1)?.();
    await second;
    // A checkpoint, say.
    pass(40);
    await runStep(60);
    const third = feeder.of(2);
    ready.get(2)?.();
    await third;
    await runStep(20);
    expect(feeder.waitingShare()).toBeCloseTo(20 / 200, 12);
  });

  it("fails where the batch is awaited, and not before", async () => {
    const feeder = createFeeder(
      async (step) => {
        if (step === 1) throw new Error("damaged");
        return step;
      },
      { steps: 2, ahead: 1 },
    );
    expect(await feeder.of(0)).toBe(0);
    await expect(feeder.of(1)).rejects.toThrow("damaged");
  });
});
