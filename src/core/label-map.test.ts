import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labels } from "../testing/picture.ts";
import { compareLabels, countLabels, foregroundClasses } from "./label-map.ts";

describe("compareLabels", () => {
  it("counts what each map holds and where they differ", () => {
    const { before, after, changed } = compareLabels(labels("0112 00xx"), labels("0122 0000"));
    expect([...before.subarray(0, 3), before[255]]).toEqual([3, 2, 1, 2]);
    expect([...after.subarray(0, 3), after[255]]).toEqual([5, 1, 2, 0]);
    expect(changed).toBe(3);
  });

  it("counts one pixel, and pixels left over after whole words", () => {
    expect(compareLabels(labels("1"), labels("0")).changed).toBe(1);
    expect(compareLabels(labels("012 012"), labels("012 110")).changed).toBe(2);
  });

  it("counts each map as countLabels does", () => {
    const ids = fc.uint8Array({ minLength: 1, maxLength: 40, max: 3 });
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 40 }), (data, turn) => {
        const a = { height: 1, width: data.length, data };
        const b = { ...a, data: data.map((_, p) => data[(p + turn) % data.length]) };
        const { before, after, changed } = compareLabels(a, b);
        expect(before).toEqual(countLabels(a));
        expect(after).toEqual(countLabels(b));
        expect(changed).toBe(data.filter((id, p) => id !== b.data[p]).length);
      }),
    );
  });
});

describe("foregroundClasses", () => {
  it("leaves out background and ignore", () => {
    expect(foregroundClasses(labels("0x3 1x0"))).toEqual([1, 3]);
    expect(foregroundClasses(labels("0x"))).toEqual([]);
  });
});
