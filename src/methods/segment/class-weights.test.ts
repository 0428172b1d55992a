import { describe, expect, it } from "vitest";
import { balanceClasses } from "./class-weights.ts";

describe("balanceClasses", () => {
  it("counts a class with a quarter of the pixels twice as much, a pixel 1 on average", () => {
    const weights = balanceClasses([4000, 1000]);
    expect(weights[1] / weights[0]).toBeCloseTo(2, 12);
    expect((4000 * weights[0] + 1000 * weights[1]) / 5000).toBeCloseTo(1, 12);
  });

  it("leaves a class alone that does not occur", () => {
    expect(balanceClasses([10, 0])).toEqual([1, 1]);
  });
});
