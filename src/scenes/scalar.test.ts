import { describe, expect, it } from "vitest";
import { random } from "../core/random.ts";
import { betweenScales, cosine, sine, smoothStep } from "./scalar.ts";

describe("sine and cosine", () => {
  it("are within 1e-7 of the true values on all turns", () => {
    for (let k = -2000; k <= 2000; k++) {
      const turns = k / 700;
      expect(Math.abs(sine(turns) - Math.sin(2 * Math.PI * turns))).toBeLessThan(1e-7);
      expect(Math.abs(cosine(turns) - Math.cos(2 * Math.PI * turns))).toBeLessThan(1e-7);
    }
  });
});

describe("betweenScales", () => {
  it("has half of its draws below the geometric mean", () => {
    const r = random("scales");
    const draws = Array.from({ length: 2000 }, () => betweenScales(r, 1, 100));
    expect(draws.every((value) => value >= 1 && value < 100)).toBe(true);
    expect(draws.filter((value) => value < 10).length / 2000).toBeCloseTo(0.5, 1);
  });
});

describe("smoothStep", () => {
  it("runs from 0 to 1 with a level start and end", () => {
    expect([0, 1, 2, 3, 4].map((value) => smoothStep(1, 3, value))).toEqual([0, 0, 0.5, 1, 1]);
  });
});
