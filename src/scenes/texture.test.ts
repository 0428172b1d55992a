import { describe, expect, it } from "vitest";
import { random } from "../core/random.ts";
import { makePattern, type Pattern, patternNames } from "./texture.ts";

/** The lowest and highest value at 600 points. */
function rangeOf(pattern: Pattern, step: number): [low: number, high: number] {
  const values = Array.from({ length: 600 }, (_, k) =>
    pattern((k % 30) * 0.37 - 4, Math.floor(k / 30) * 0.71 - 6, step),
  );
  return [Math.min(...values), Math.max(...values)];
}

describe("patterns", () => {
  for (const name of patternNames) {
    it(`${name}: stays in [0, 1], near and far, and varies`, () => {
      for (let seed = 0; seed < 5; seed++) {
        const pattern = makePattern(random(`${name}-${seed}`), name);
        const near = rangeOf(pattern, 0.01);
        expect(near[1] - near[0]).toBeGreaterThan(0.1);
        for (const [low, high] of [near, rangeOf(pattern, 0.4), rangeOf(pattern, 3)]) {
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(1);
        }
      }
    });
  }
});
