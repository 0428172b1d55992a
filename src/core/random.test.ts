import { describe, expect, it } from "vitest";
import { type RandomState, random, randomFromState, shuffled } from "./random.ts";

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
});
