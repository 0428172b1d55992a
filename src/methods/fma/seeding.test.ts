import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Cam } from "../../core/class-maps.ts";
import { encodeRle, type Rle } from "../../core/rle.ts";
import { drawLabels, mask } from "../../testing/picture.ts";
import { scoreCam, seedFromCam } from "./cam-seed.ts";
import { type SeedFromMasksOptions, seedFromMasks } from "./seeding.ts";
import { voteMasks } from "./voting.ts";

function camOf(classes: readonly number[], height: number, width: number, values: readonly number[]): Cam {
  return { kind: "cam", classes, height, width, data: Float32Array.from(values) };
}
const rle = (drawing: string): Rle => encodeRle(mask(drawing));
const power = (value: number): SeedFromMasksOptions => ({ background: { kind: "power", power: value } });

/** Worked numbers of the method's specification: 3 × 4 pixels, classes 5 and 15. */
const cam = camOf(
  [5, 15],
  3,
  4,
  [
    [0.9, 0.8, 0.1, -0.3, 0.7, 0.6, 0, 0.2, 0.1, -0.1, 0.3, 0.4],
    [0, 0.1, 0.2, 0.2, 0.1, 0.1, 0.6, 0.5, 0, 0.1, 0.7, 0.8],
  ].flat(),
);
const size = { height: 3, width: 4 };
const masks = [
  { rle: rle("##.. .... ...."), level: 0 },
  { rle: rle("##.. ##.. ...."), level: 2 },
  { rle: rle(".... ..## ..##"), level: 2 },
  { rle: rle("..## .... ...."), level: 2 },
  { rle: rle(".... .##. ...."), level: 1 },
] as const;

describe("seedFromMasks", () => {
  it("means, scales, decides and paints as worked by hand", () => {
    const { seed, labels, confidences, scores, order } = seedFromMasks(cam, masks, size, power(0.6));
    expect(drawLabels(seed)).toBe("5500 55ff 00ff");
    expect([...labels]).toEqual([5, 5, 15, 0, 0]);
    expect(order).toEqual([0, 4, 3, 1, 2]);
    const background = [7.0e-5, 0.28717474, 8.9e-5, 0.84146639, 0.65975402];
    background.forEach((value, s) => {
      expect(scores[s]).toBeCloseTo(value, 5);
    });
    expect(scores[5 + 1]).toBeCloseTo((0.75 - 0.05) / 0.8, 6); // class 5 in mask 1
    expect(confidences[3]).toBeCloseTo(0.84146639, 6);
  });

  it("lets what comes later in the order overwrite", () => {
    const seedOf = (order: SeedFromMasksOptions["order"]): string =>
      drawLabels(seedFromMasks(cam, masks, size, { ...power(0.6), ...(order && { order }) }).seed);
    // Small masks over large ones: the part with the background's label cuts into both wholes.
    expect(seedOf(["area-descending"])).toBe("5500 500f 00ff");
    expect(seedOf(["level-descending", "confidence-descending"])).toBe("5500 500f 00ff");
    expect(seedOf(["area-ascending"])).toBe("5500 55ff 00ff");
  });

  it("gives everything to the background when there is one mask, none, or no class", () => {
    const alone = seedFromMasks(cam, [masks[1]], size, power(0.6));
    expect(drawLabels(alone.seed)).toBe("0000 0000 0000");
    expect([...alone.confidences]).toEqual([1]);
    expect(drawLabels(seedFromMasks(cam, [], size, power(0.6)).seed)).toBe("0000 0000 0000");
    const untagged = seedFromMasks(camOf([], 3, 4, []), masks, size, power(0.6));
    expect(drawLabels(untagged.seed)).toBe("0000 0000 0000");
    expect([...untagged.labels]).toEqual([0, 0, 0, 0, 0]);
  });

  it("leaves empty masks out", () => {
    const empty = { rle: rle(".... .... ...."), level: 2 } as const;
    const with0 = seedFromMasks(cam, [empty, ...masks], size, power(0.6));
    expect(drawLabels(with0.seed)).toBe("5500 55ff 00ff");
    expect([...with0.labels]).toEqual([0, 5, 5, 15, 0, 0]);
    expect(with0.confidences[0]).toBe(0);
    expect(with0.order).not.toContain(0);
    expect(drawLabels(seedFromMasks(cam, [empty], size, power(1)).seed)).toBe("0000 0000 0000");
  });

  it("gives ties to the background, then to the class listed first", () => {
    const two = [{ rle: rle("#.") }, { rle: rle(".#") }];
    const equal = camOf([3, 7], 1, 2, [0, 1, 0, 1]);
    const wide = { height: 1, width: 2 };
    expect([...seedFromMasks(equal, two, wide, power(1)).labels]).toEqual([0, 3]);
    const constant = { background: { kind: "threshold", threshold: 1 } } as const;
    expect([...seedFromMasks(equal, two, wide, constant).labels]).toEqual([0, 0]);
  });

  it("stretches a grid of one pixel, one row of 5000, one pixel", () => {
    const row = { height: 1, width: 5000 };
    const halves = ["#".repeat(2500) + ".".repeat(2500), ".".repeat(2500) + "#".repeat(2500)];
    const parts = halves.map((each) => ({ rle: rle(each) }));
    const { seed } = seedFromMasks(camOf([9], 1, 4, [1, 1, 0, 0]), parts, row, power(1));
    expect(seed.data.indexOf(0)).toBe(2500);
    expect(seed.data.lastIndexOf(9)).toBe(2499);
    const dot = seedFromMasks(
      camOf([9], 2, 3, [1, 2, 3, 4, 5, 6]),
      [{ rle: rle("#") }],
      { height: 1, width: 1 },
      power(1),
    );
    expect([...dot.seed.data]).toEqual([0]);
  });

  it("takes probabilities with a background of their own", () => {
    const probabilities = camOf([0, 4], 1, 2, [0.8, 0.3, 0.2, 0.7]);
    const two = [{ rle: rle("#.") }, { rle: rle(".#") }];
    const seedWith = (value: number): number[] => [
      ...seedFromMasks(
        probabilities,
        two,
        { height: 1, width: 2 },
        {
          scoring: { kind: "none" },
          background: { kind: "given", power: value },
        },
      ).labels,
    ];
    expect(seedWith(1)).toEqual([0, 4]);
    expect(seedWith(8)).toEqual([4, 4]); // 0.8⁸ = 0.17 < 0.2
    expect(() => seedFromMasks(cam, masks, size, { background: { kind: "given", power: 1 } })).toThrow(
      "expected 0, the background, first",
    );
  });

  it("refuses masks of another size and a background that is none", () => {
    expect(() => seedFromMasks(cam, [{ rle: rle("#") }], size, power(1))).toThrow(
      "mask 0: expected 3×4 like its picture, got 1×1",
    );
    expect(() => seedFromMasks(cam, masks, size, power(0))).toThrow("a number above 0");
    const summed = { ...power(1), scoring: { kind: "softmax", gamma: 1 }, gather: "sum" } as const;
    expect(() => seedFromMasks(cam, masks, size, summed)).toThrow("sums that are not scaled");
  });

  it("has the means that masks of pixels have", () => {
    const pixels = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 12, maxLength: 12 });
    const drawing = fc.array(fc.boolean(), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(pixels, fc.array(drawing, { minLength: 1, maxLength: 5 }), (values, drawings) => {
        const data = Float32Array.from(values);
        const rles = drawings.map((bits) =>
          encodeRle({ height: 3, width: 4, data: Uint8Array.from(bits, Number) }),
        );
        const result = seedFromMasks(
          { kind: "cam", classes: [1], height: 3, width: 4, data },
          rles.map((each) => ({ rle: each })),
          size,
          { scoring: { kind: "none" }, background: { kind: "threshold", threshold: 0 } },
        );
        drawings.forEach((bits, s) => {
          const inside = [...data].filter((_, p) => bits[p]);
          const mean = inside.length === 0 ? 0 : inside.reduce((a, b) => a + b, 0) / inside.length;
          expect(result.scores[drawings.length + s]).toBeCloseTo(mean, 5);
        });
      }),
    );
  });
});

describe("seedFromCam", () => {
  it("scales each class, stretches and decides", () => {
    const two = camOf([2, 6], 1, 3, [0, 5, 10, 3, -4, 0]);
    const wide = { height: 1, width: 3 };
    const options = { background: { kind: "power", power: 1 } } as const;
    // Scores: 0 ½ 1 and 1 0 0; background 0 ½ 0: a tie is the background's.
    expect(drawLabels(seedFromCam(two, wide, options))).toBe("602");
    expect(drawLabels(seedFromCam(two, { height: 2, width: 3 }, options))).toBe("602 602");
    expect(drawLabels(seedFromCam(camOf([], 1, 1, []), wide, options))).toBe("000");
  });

  it("can scale on the grid, or not at all", () => {
    const peak = camOf([2], 1, 2, [0, 1]);
    const constant = { kind: "threshold", threshold: 0.9 } as const;
    const wide = { height: 1, width: 4 };
    const on = (over: "grid" | "picture"): string =>
      drawLabels(seedFromCam(peak, wide, { background: constant, scoring: { kind: "min-max", over } }));
    expect(on("grid")).toBe("0002");
    expect(on("picture")).toBe("0002");
    const softmax = { background: constant, scoring: { kind: "softmax", gamma: 100 } } as const;
    expect(drawLabels(seedFromCam(camOf([2, 3], 1, 2, [0, 1, 1, 0]), { height: 1, width: 2 }, softmax))).toBe(
      "32",
    );
  });
});

describe("scoreCam", () => {
  it("puts the background's score before the classes'", () => {
    const two = camOf([2, 6], 1, 3, [0, 5, 10, 3, -4, 0]);
    const wide = { height: 1, width: 3 };
    const scores = scoreCam(two, wide, { background: { kind: "power", power: 2 } });
    expect(scores.classes).toEqual([0, 2, 6]);
    [0, 0.25, 0, 0, 0.5, 1, 1, 0, 0].forEach((value, q) => {
      expect(scores.data[q]).toBeCloseTo(value, 6);
    });
    const given = { scoring: { kind: "none" }, background: { kind: "given", power: 1 } } as const;
    expect(drawLabels(seedFromCam(scores, wide, given))).toBe("622");
    const none = scoreCam(camOf([], 1, 1, []), wide, { background: { kind: "power", power: 1 } });
    expect([none.classes, [...none.data]]).toEqual([[0], [1, 1, 1]]);
  });
});

describe("voteMasks", () => {
  it("gives a mask to the class that has half of it", () => {
    const labels = { height: 1, width: 6, data: Uint8Array.of(1, 0, 2, 2, 0, 3) };
    const votes = [rle("##...."), rle("..###.")];
    expect(drawLabels(voteMasks(labels, votes))).toBe("112223");
    expect(drawLabels(voteMasks(labels, votes, { keepUncovered: false }))).toBe("112220");
    expect(drawLabels(voteMasks(labels, []))).toBe("102203");
  });
});
