import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseImages } from "./choose-images.ts";
import type { ReportImage } from "./report.ts";

const image = (id: string, before: number | null, after: number | null): ReportImage => ({
  id,
  before,
  after,
  changed: 0,
});
const ids = (images: readonly ReportImage[]): string => images.map(({ id }) => id).join(" ");
/** 0, 1, 2 … gain 0, 1/n, 2/n … */
const rising = (n: number): ReportImage[] => Array.from({ length: n }, (_, k) => image(`${k}`, 0, k / n));

describe("chooseImages", () => {
  it.each([
    [0, 0, 0],
    [1, 1, 0],
    [2, 1, 1],
    [19, 10, 9],
    [20, 10, 10],
    [21, 10, 10],
    [1000, 10, 10],
  ])("of %i images takes %i best and %i worst", (total, bestCount, worstCount) => {
    const { best, worst } = chooseImages(rising(total));
    expect([best.length, worst.length]).toEqual([bestCount, worstCount]);
    expect(new Set([...best, ...worst]).size).toBe(bestCount + worstCount);
  });

  it("puts the extreme ones first", () => {
    const { best, worst } = chooseImages(rising(7), 3);
    expect(ids(best)).toBe("6 5 4");
    expect(ids(worst)).toBe("0 1 2");
  });

  it("goes by id where gains are equal, in both lists", () => {
    const { best, worst } = chooseImages(
      ["d", "b", "a", "c"].map((id) => image(id, 0.5, 0.5)),
      2,
    );
    expect(ids(best)).toBe("a b");
    expect(ids(worst)).toBe("c d");
  });

  it("leaves out images without a gain", () => {
    const { best, worst } = chooseImages([image("a", null, 0.5), image("b", 0.5, null), image("c", 0.5, 0)]);
    expect(ids(best)).toBe("c");
    expect(worst).toEqual([]);
  });

  it("does not depend on the order of the images, and no best is below a worst", () => {
    const fraction = fc.integer({ min: 0, max: 4 }).map((n) => n / 4);
    const list = fc
      .array(fc.record({ before: fraction, after: fraction, changed: fc.constant(0) }), { maxLength: 30 })
      .map((list) => list.map((item, k) => ({ id: `${k}`, ...item })));
    fc.assert(
      fc.property(list, fc.integer({ min: 1, max: 12 }), (images, count) => {
        const chosen = chooseImages(images, count);
        expect(chooseImages(images.toReversed(), count)).toEqual(chosen);
        const gains = (of: readonly ReportImage[]) =>
          of.map((item) => (item.after ?? 0) - (item.before ?? 0));
        expect(Math.min(...gains(chosen.best))).toBeGreaterThanOrEqual(Math.max(...gains(chosen.worst)));
      }),
    );
  });
});
