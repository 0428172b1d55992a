import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { relativeError, reportGolden } from "../testing/golden.ts";
import {
  constantRate,
  cosineRate,
  inSequence,
  linearRate,
  polyRate,
  type Schedule,
  stepRate,
  warmup,
} from "./schedule.ts";

const golden: { readonly schedules: Readonly<Record<string, readonly number[]>> } = JSON.parse(
  readFileSync(new URL("../../golden/engine/optim.json", import.meta.url), "utf8"),
);

const schedules: Record<string, Schedule> = {
  linear: linearRate(0.125, 0.5, 10),
  cosine: cosineRate(0.5, 30, 0.01),
  poly: polyRate(0.5, 30, { power: 0.9 }),
  "step decay": stepRate(0.5, [10, 25]),
  "warmup poly": warmup(polyRate(0.5, 30, { power: 1 }), 10, 0.001),
  "mmcv warmup poly": warmup(polyRate(0.5, 40, { power: 0.9, minimum: 0.01 }), 10, 1e-6),
  "in sequence": inSequence(linearRate(0.05, 0.5, 10), 10, cosineRate(0.5, 30)),
};

describe("schedules against torch.optim.lr_scheduler and mmcv", () => {
  expect(Object.keys(schedules)).toEqual(Object.keys(golden.schedules));

  it.each(Object.entries(schedules))("%s", (name, schedule) => {
    const wanted = golden.schedules[name];
    const worst = relativeError(
      wanted.map((_, step) => schedule(step)),
      wanted,
    );
    reportGolden(`schedule ${name}`, wanted.length, worst);
    // torch multiplies its rates up step by step.
    expect(worst).toBeLessThan(1e-13);
  });
});

describe("schedules", () => {
  it("stay at their end", () => {
    expect([29, 30, 31, 1e9].map(cosineRate(1, 30, 0.25)).slice(1)).toEqual([0.25, 0.25, 0.25]);
    expect(polyRate(1, 30, { power: 0.9, minimum: 0.125 })(31)).toBe(0.125);
    expect(linearRate(0, 2, 4)(5)).toBe(2);
  });

  it("step down at a milestone, not after it", () => {
    expect([1, 2, 3, 4].map(stepRate(1, [2, 4], 0.5))).toEqual([1, 0.5, 0.5, 0.25]);
  });

  it("are what the class-activation training of FMA-WSSS uses", () => {
    // Constant 1e-5 for 500 iterations, then a cosine that starts at its full rate.
    const schedule = inSequence(constantRate(1e-5), 500, cosineRate(1e-3, 1300));
    expect(schedule(499)).toBe(1e-5);
    expect(schedule(500)).toBe(1e-3);
    expect(schedule(1150)).toBeCloseTo(5e-4, 12);
    expect(schedule(1799)).toBeCloseTo(1.46e-9, 11);
  });

  it("are what the prompter of WPS-SAM uses", () => {
    const schedule = inSequence(linearRate(0, 1e-4, 250), 250, cosineRate(1e-4, 38370 - 250));
    expect(schedule(0)).toBe(0);
    expect(schedule(125)).toBe(5e-5);
    expect(schedule(250)).toBe(1e-4);
    expect(schedule(38370)).toBe(0);
  });

  it.each([0, -1, 1.5])("refuse to take %f steps", (steps) => {
    expect(() => cosineRate(1, steps)).toThrow("cosineRate: steps: expected an integer >= 1");
    expect(() => warmup(constantRate(1), steps)).toThrow("linearRate: steps");
  });
});
