import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkWindow, windowAxis, windowSpan, windowStart, windowsOver } from "./inference-windows.ts";

function starts(total: number, side: number, stride: number): number[] {
  const axis = windowAxis(total, { side, stride });
  return Array.from({ length: axis.count }, (_, k) => windowStart(axis, k));
}

describe("windowAxis", () => {
  it("moves by the stride, and ends with the picture", () => {
    expect(starts(10, 4, 3)).toEqual([0, 3, 6]);
    expect(starts(11, 4, 3)).toEqual([0, 3, 6, 7]);
    expect(starts(1, 4, 3)).toEqual([0]);
    expect(windowAxis(3, { side: 4, stride: 3 })).toMatchObject({ count: 1, length: 3 });
  });
});

const axes = fc
  .record({
    total: fc.integer({ min: 1, max: 40 }),
    side: fc.integer({ min: 1, max: 12 }),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ total, side, part }) => windowAxis(total, { side, stride: 1 + Math.floor(part * (side - 1)) }));

describe("windowSpan", () => {
  it("has the pixels whose centers lie in the window", () => {
    fc.assert(
      fc.property(axes, fc.integer({ min: 1, max: 60 }), (axis, gridTotal) => {
        for (let k = 0; k < axis.count; k++) {
          const start = windowStart(axis, k);
          const inside = Array.from({ length: gridTotal }, (_, i) => i).filter((i) => {
            // Twice the position, in whole numbers.
            const center = (2 * i + 1) * axis.total;
            return center >= 2 * start * gridTotal && center < 2 * (start + axis.length) * gridTotal;
          });
          const { from, to } = windowSpan(axis, k, gridTotal);
          expect(Array.from({ length: Math.max(0, to - from) }, (_, n) => from + n)).toEqual(inside);
        }
      }),
    );
  });
});

describe("windowsOver", () => {
  it("has every window that overlaps the stretch, and no other", () => {
    fc.assert(
      fc.property(axes, fc.nat(39), fc.integer({ min: 1, max: 20 }), (axis, at, length) => {
        const from = Math.min(at, axis.total - 1);
        const to = Math.min(axis.total, from + length);
        const wanted = Array.from({ length: axis.count }, (_, k) => k).filter((k) => {
          const start = windowStart(axis, k);
          return start < to && start + axis.length > from;
        });
        const { first, end } = windowsOver(axis, from, to);
        expect(Array.from({ length: end - first }, (_, n) => first + n)).toEqual(wanted);
      }),
    );
  });
});

describe("checkWindow", () => {
  it.each([
    [{ side: 0, stride: 1 }, "window: side: expected an integer from 1 to 64, got 0 (number)"],
    [{ side: 65, stride: 1 }, "window: side: expected an integer from 1 to 64, got 65 (number)"],
    [{ side: 8, stride: 9 }, "window: stride: expected an integer from 1 to the side of 8, got 9 (number)"],
  ])("refuses %j", (window, message) => {
    expect(() => checkWindow(window, 64)).toThrow(message);
  });
});
