import { describe, expect, it } from "vitest";
import { type RandomState, random, randomFromState, shuffled } from "./random.ts";

const draw = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, next);

describe("random", () => {
  it("gives the same sequence for a seed in every version", () => {
    const { next } = random(7);
    expect([next(), next(), next()].map((value) => value * 2 ** 32)).toEqual([
      3794107926, 221810941, 3284357153,
    ]);
    expect(random("scene 7").next() * 2 ** 32).toBe(315567384);
  });

  it("goes on from a saved state, through JSON", () => {
    const generator = random("run");
    for (let i = 0; i < 37; i++) generator.normal();
    const state = JSON.parse(JSON.stringify(generator.state())) as RandomState;
    const order = shuffled([0, 1, 2, 3, 4, 5, 6, 7], generator);
    const resumed = randomFromState(state);
    expect(resumed.state()).toEqual(state);
    expect(shuffled([0, 1, 2, 3, 4, 5, 6, 7], resumed)).toEqual(order);
    expect(resumed.normal()).toBe(generator.normal());
    expect(resumed.state()).toEqual(generator.state());
  });

  it.each([[[1, 2, 3]], [[1, 2, 3, -1]], [[1, 2, 3, 2 ** 32]], [[1, 2, 3, 0.5]]])(
    "refuses the state %j",
    (state) => {
      expect(() => randomFromState(state as unknown as RandomState)).toThrow("expected four 32-bit words");
    },
  );

  it("stays inside its bounds and fills them evenly", () => {
    const { next, integer, between } = random(1);
    const counts = new Array<number>(8).fill(0);
    for (let k = 0; k < 8000; k++) counts[integer(8)]++;
    expect(Math.min(...counts)).toBeGreaterThan(880); // 1000 ± 4 standard deviations of 29.6
    expect(Math.max(...counts)).toBeLessThan(1120);
    const values = draw(2000, next);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    for (const value of draw(100, () => between(-2, 3))) expect(value >= -2 && value < 3).toBe(true);
  });

  it("draws normal numbers with mean 0 and variance 1", () => {
    const values = draw(20_000, random(5).normal);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });
});

describe("shuffled", () => {
  it("reorders a copy", () => {
    const items = [1, 2, 3, 4, 5, 6];
    const result = shuffled(items, random(2));
    expect([...result].sort()).toEqual(items);
    expect(items).toEqual([1, 2, 3, 4, 5, 6]);
    expect(result).not.toEqual(items);
  });

  it("reaches every order equally often", () => {
    const source = random(9);
    const counts = new Map<string, number>();
    for (let k = 0; k < 6000; k++) {
      const order = shuffled(["a", "b", "c"], source).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  it("takes an empty list and a single item", () => {
    expect(shuffled([], random(1))).toEqual([]);
    expect(shuffled(["x"], random(1))).toEqual(["x"]);
  });
});
