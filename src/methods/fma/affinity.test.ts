import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import type { Cam } from "../../core/class-maps.ts";
import { relativeError } from "../../testing/golden.ts";
import { draw } from "../../testing/picture.ts";
import { affinityFromAttention, refineCam } from "./affinity.ts";
import { markBoxes, scoreBoxes } from "./score-boxes.ts";

function array(shape: readonly number[], values: readonly number[]): NdArray<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}
function camOf(height: number, width: number, ...rows: readonly (readonly number[])[]): Cam {
  const classes = rows.map((_, c) => c + 1);
  return { kind: "cam", classes, height, width, data: Float32Array.from(rows.flat()) };
}
const everywhere = { inside: "all", outside: "all" } as const;

/** Worked numbers of the method's specification, from an asymmetric matrix that shows rows and columns swapped. */
const attention = array(
  [4, 4],
  [0.2, 0.1, 0.05, 0.05, 0.3, 0.4, 0.1, 0.1, 0.05, 0.1, 0.3, 0.2, 0.02, 0.08, 0.2, 0.5],
);

describe("affinityFromAttention", () => {
  it("divides columns, then rows, and averages with the transpose", () => {
    const { data } = affinityFromAttention(attention, 1);
    const rows = [
      [0.55371124, 0.30589762, 0.10777465, 0.06314378],
      [0.30589762, 0.42439863, 0.13442547, 0.09853373],
      [0.10777465, 0.13442547, 0.49541988, 0.27299054],
      [0.06314378, 0.09853373, 0.27299054, 0.56093868],
    ];
    expect(relativeError(data, rows.flat())).toBeLessThan(1e-7);
    expect(affinityFromAttention(array([2, 2], [1, 3, 5, 7]), 0).data).toEqual(Float32Array.of(1, 4, 4, 7));
  });

  it("keeps a row and column of zeros", () => {
    const { data } = affinityFromAttention(array([2, 2], [4, 0, 0, 0]), 3);
    expect([...data]).toEqual([1, 0, 0, 0]);
    expect([...affinityFromAttention(array([1, 1], [7]), 1).data]).toEqual([1]);
  });

  it("refuses what is not square, and no number of rounds", () => {
    expect(() => affinityFromAttention(array([2, 3], [1, 1, 1, 1, 1, 1]), 1)).toThrow(
      "expected [N, N], got [2, 3]",
    );
    expect(() => affinityFromAttention(attention, 0.5)).toThrow("an integer >= 0");
  });
});

describe("scoreBoxes", () => {
  /** 0 … 9 stand for 0 … 0.9, "X" for 1. */
  const scores = (drawing: string): { height: number; width: number; data: Float32Array } => {
    const rows = drawing.split(" ");
    const data = Float32Array.from(rows.join(""), (char) => (char === "X" ? 1 : Number(char) / 10));
    return { height: rows.length, width: rows[0].length, data };
  };
  const marked = (drawing: string, threshold: number, compat: "paper" | "original"): string => {
    const map = scores(drawing);
    return draw({ ...map, data: markBoxes(map, threshold, compat) });
  };

  it("boxes connected parts above the threshold", () => {
    expect(marked("X00 0X0 000 007", 0.5, "paper")).toBe("##. ##. ... ..#");
    expect(marked("X00 060 000 007", 0.65, "paper")).toBe("#.. ... ... ..#");
    expect(scoreBoxes(scores("X0X"), 0.5, "paper")).toHaveLength(2);
  });

  it("leaves the last row and column out where the published code does", () => {
    expect(marked("000 0XX 0XX", 0.5, "paper")).toBe("... .## .##");
    expect(marked("000 0XX 0XX", 0.5, "original")).toBe("... .#. ...");
    expect(marked("00X 000", 0.5, "original")).toBe("... ...");
    expect(marked("X", 0.5, "original")).toBe(".");
  });

  it("finds nothing in a flat map, and compares in steps of 1/255", () => {
    expect(marked("000 000", 0.5, "paper")).toBe("... ...");
    // trunc(0.5 · 255) = 127 = trunc(0.5 · 255): equal is not above.
    expect(marked("5X", 0.5, "paper")).toBe(".#");
    expect(marked("5X", 0.49, "paper")).toBe("##");
  });

  it("boxes a ring with an island once", () => {
    const drawing = "XXXXX X000X X0X0X X000X XXXXX";
    expect(scoreBoxes(scores(drawing), 0.5, "paper")).toHaveLength(2);
    expect(marked(drawing, 0.5, "paper")).toBe("##### ##### ##### ##### #####");
  });
});

describe("refineCam", () => {
  const affinity = affinityFromAttention(attention, 1);

  it("gathers what lies in the boxes, as worked by hand", () => {
    // Patches 0, 1 and 3 are in boxes: two high values beside each other, one apart.
    const cam = camOf(1, 4, [0.5, 0.5, -9, 0.3]);
    const refined = refineCam(cam, affinity, { at: "cam", boxThreshold: 0.1 });
    const squared = [0.18288759, 0.14559255, 0.14153914, 0.1552143];
    const given = refineCam(camOf(1, 4, [0.5, -0.2, 0, 0.3]), affinity, {
      at: "cam",
      boxThreshold: 0.1,
      from: everywhere,
    });
    expect(relativeError(given.data, squared)).toBeLessThan(1e-6);
    expect(refined.kind).toBe("cam");
    const unboxed = refineCam(camOf(1, 4, [0.5, 0.5, 0, 0.3]), affinity, {
      at: "cam",
      boxThreshold: 0.1,
      from: everywhere,
    });
    expect(relativeError(refined.data, unboxed.data)).toBeLessThan(1e-6);
  });

  it("refines classes apart, as scores or as they are", () => {
    const cam = camOf(1, 4, [2, 0, 0, 0], [-1, -1, -1, -1], [0, 0, 0, 8]);
    const { data } = refineCam(cam, affinity, { at: "score", boxThreshold: 0.5, power: 1 });
    const wanted = [0.55371124, 0.30589762, 0.10777465, 0.06314378, 0, 0, 0, 0];
    expect(relativeError(data, [...wanted, 0.06314378, 0.09853373, 0.27299054, 0.56093868])).toBeLessThan(
      1e-6,
    );
    const raw = refineCam(cam, affinity, { at: "cam", boxThreshold: 0.5, power: 1 });
    expect(
      relativeError(
        raw.data.slice(0, 4),
        wanted.slice(0, 4).map((value) => 2 * value),
      ),
    ).toBeLessThan(1e-6);
  });

  it("leaves the map as it is with power 0, and takes no classes", () => {
    const cam = camOf(2, 2, [1, 2, 3, -4]);
    expect(refineCam(cam, affinity, { at: "cam", boxThreshold: 0.4, power: 0 })).toEqual(cam);
    expect(refineCam(camOf(2, 2), affinity, { at: "score", boxThreshold: 0.4 }).data).toHaveLength(0);
    const scores = refineCam(cam, affinity, { at: "score", boxThreshold: 0.4, power: 0 }).data;
    expect(relativeError(scores, [1 / 3, 2 / 3, 1, 0])).toBeLessThan(1e-6);
  });

  it("gathers from other regions for patches outside the boxes", () => {
    const identity = array([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
    const options = { at: "cam", boxThreshold: 0.9, power: 1 } as const;
    const cam = camOf(1, 3, [1, 3, 2]);
    const refined = (inside: "inside" | "outside", outside: "inside" | "outside" | "all"): number[] => [
      ...refineCam(cam, identity, { ...options, from: { inside, outside } }).data,
    ];
    expect(refined("inside", "inside")).toEqual([0, 3, 0]);
    expect(refined("inside", "all")).toEqual([1, 3, 2]);
    expect(refined("outside", "outside")).toEqual([1, 0, 2]);
  });

  it("refuses affinity of another grid and numbers out of range", () => {
    const cam = camOf(1, 3, [1, 2, 3]);
    expect(() => refineCam(cam, affinity, { at: "cam", boxThreshold: 0.5 })).toThrow(
      "expected [3, 3], got [4, 4]",
    );
    const four = camOf(2, 2, [1, 2, 3, 4]);
    expect(() => refineCam(four, affinity, { at: "cam", boxThreshold: 2 })).toThrow("a number from 0 to 1");
    expect(() => refineCam(four, affinity, { at: "cam", boxThreshold: 0, power: 1.5 })).toThrow(
      "an integer >= 0",
    );
  });
});
