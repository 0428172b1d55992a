import { expect, it } from "vitest";
import { thresholdOf } from "./seed-page.ts";

it.each([
  [1, 0.5],
  // x = (1 − x)²: (3 − √5) / 2
  [2, 0.381966],
  [0.5, 0.618034],
])("is even with a background of power %d at %d", (power, score) => {
  expect(thresholdOf(power)).toBeCloseTo(score, 6);
});
