import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binGains, gainHistogram } from "./histogram.ts";
import { toMarkup } from "./html.ts";

const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

describe("binGains", () => {
  it("counts losses and gains outwards from zero, and none at all apart", () => {
    expect(binGains([0.011, 0.07, 0, 0, -0.02, -0.001])).toEqual({
      width: 0.5,
      losses: [1, 0, 0, 0, 1],
      unchanged: 2,
      gains: [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    });
  });

  it("has no bins where nothing rose or fell", () => {
    expect(binGains([0, 0])).toEqual({ width: 0.1, losses: [], unchanged: 2, gains: [] });
    expect(binGains([])).toMatchObject({ losses: [], unchanged: 0, gains: [] });
  });

  it("spans the whole range with bins of 10", () => {
    const { width, losses, gains } = binGains([-1, 1]);
    expect([width, losses.length, gains.length]).toEqual([10, 11, 11]);
  });

  it("counts every image once, in at most 24 bins whose ends are not empty", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true })), (values) => {
        const { losses, unchanged, gains } = binGains(values);
        expect(total(losses) + unchanged + total(gains)).toBe(values.length);
        expect(losses.length + gains.length).toBeLessThanOrEqual(24);
        expect(losses.at(-1)).not.toBe(0);
        expect(gains.at(-1)).not.toBe(0);
      }),
    );
  });
});

describe("gainHistogram", () => {
  it("draws one bar a bin that is not empty, with its count", () => {
    const drawing = toMarkup(gainHistogram([0.05, 0.05, 0, -0.3]));
    expect(drawing.match(/<rect/g)).toHaveLength(3);
    expect(drawing).toContain("<title>+4 to +6 points: 2</title>");
    expect(drawing).toContain("<title>unchanged: 1</title>");
    expect(drawing).toContain("<title>−30 to −32 points: 1</title>");
  });

  it("draws more images than a call takes arguments", () => {
    expect(toMarkup(gainHistogram(new Array(300_000).fill(0.01)))).toContain(": 300000</title>");
  });

  it("draws a single image", () => {
    expect(toMarkup(gainHistogram([0])).match(/<rect/g)).toHaveLength(1);
  });
});
