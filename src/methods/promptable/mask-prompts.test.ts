import { describe, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import { pointKinds } from "../../models/sam/prompt-encoder.ts";
import { mask } from "../../testing/picture.ts";
import { askByBox, askByPoint } from "./mask-prompts.ts";

describe("askByBox", () => {
  const prompts = (box: Parameters<typeof askByBox>[0], side: number) =>
    Array.from({ length: 200 }, (_, seed) => askByBox(box, side, random(seed)));

  it("asks by the corners, exactly half of the time", () => {
    const asked = prompts({ x0: 40, y0: 30, x1: 60, y1: 50 }, 100);
    const exact = asked.filter(
      ({ points: [a, b] }) => a.x === 40.5 && a.y === 30.5 && b.x === 60.5 && b.y === 50.5,
    );
    expect(exact.length).toBeGreaterThan(70);
    expect(exact.length).toBeLessThan(130);
    for (const { kinds } of asked) expect(kinds).toEqual([pointKinds.topLeft, pointKinds.bottomRight]);
  });

  it("is off by 10 px at most, and in the window", () => {
    const asked = prompts({ x0: 0, y0: 500, x1: 2000, y1: 1500 }, 2000);
    const offsets = asked.flatMap(({ points: [a, b] }) => [a.y - 500.5, b.y - 1500.5]);
    expect(Math.min(...offsets)).toBe(-10);
    expect(Math.max(...offsets)).toBe(10);
    expect(Math.min(...asked.map(({ points: [a] }) => a.x))).toBe(0.5);
    expect(Math.max(...asked.map(({ points: [, b] }) => b.x))).toBe(2000.5);
  });
});

describe("askByPoint", () => {
  it("asks by the deepest pixel or any of the mask", () => {
    const square = mask("..... ..### ..### ..###");
    const asked = Array.from({ length: 200 }, (_, seed) => askByPoint(square, random(seed)));
    const deepest = asked.filter(({ points: [{ x, y }] }) => x === 3.5 && y === 2.5);
    expect(deepest.length).toBeGreaterThan(80);
    expect(new Set(asked.map(({ points: [{ x, y }] }) => `${x} ${y}`)).size).toBe(9);
    for (const { points, kinds } of asked) {
      const [{ x, y }, padding] = points;
      expect(square.data[Math.floor(y) * 5 + Math.floor(x)]).toBe(1);
      expect(padding).toEqual({ x: 0, y: 0 });
      expect(kinds).toEqual([pointKinds.positive, pointKinds.padding]);
    }
  });

  it("takes a mask of a pixel", () => {
    expect(askByPoint(mask("... ..#"), random(0)).points[0]).toEqual({ x: 2.5, y: 1.5 });
  });
});
