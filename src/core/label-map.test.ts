import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyLabelMap } from "../testing/arbitrary.ts";
import { labels } from "../testing/picture.ts";
import { compareLabels, countLabels, foregroundClasses, vocPalette } from "./label-map.ts";

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

describe("countLabels", () => {
  it("counts every id, ignore too", () => {
    const counts = countLabels(labels("0120x 02220 x0000"));
    expect([counts[0], counts[1], counts[2], counts[255]]).toEqual([8, 1, 4, 2]);
    expect(counts.length).toBe(256);
  });

  it("equals counting pixel by pixel, on any map and at any offset in its buffer", () => {
    fc.assert(
      fc.property(anyLabelMap(), fc.nat(3), (map, offset) => {
        const bytes = new Uint8Array(map.data.length + offset);
        bytes.set(map.data, offset);
        const plain = new Uint32Array(256);
        for (const id of map.data) plain[id]++;
        expect(countLabels({ ...map, data: bytes.subarray(offset) })).toEqual(plain);
      }),
    );
  });
});

it("vocPalette is the VOC devkit's", () => {
  const palette = vocPalette();
  const colorOf = (id: number): number[] => [...palette.subarray(id * 3, id * 3 + 3)];
  expect(colorOf(0)).toEqual([0, 0, 0]);
  expect(colorOf(1)).toEqual([128, 0, 0]); // aeroplane
  expect(colorOf(15)).toEqual([192, 128, 128]); // person
  expect(colorOf(20)).toEqual([0, 64, 128]); // tvmonitor
  expect(colorOf(255)).toEqual([224, 224, 192]); // void
});
