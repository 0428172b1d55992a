import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LabelMap } from "../../core/label-map.ts";
import { random, shuffled } from "../../core/random.ts";
import { encodeRle, type Rle } from "../../core/rle.ts";
import { draw, drawLabels, labels, mask } from "../../testing/picture.ts";
import { type Compat, mergeProposals, type Variant } from "./merge.ts";

const rle = (drawing: string): Rle => encodeRle(mask(drawing));
const refine = (map: string, proposals: string[], options?: Parameters<typeof mergeProposals>[2]): string =>
  drawLabels(mergeProposals(labels(map), proposals.map(rle), options).labels);

/** The worked fixture of the specification, section 3.5. */
const FIXTURE = "111000 112200 002233";
const M1 = "###... ###... ......";
const M2 = "...... .##### .#####";
const M3 = "...... ...... ....#.";

describe("mergeProposals on the worked fixture", () => {
  const masks = [M1, M2, M3];

  it.each<Compat>(["original", "paper"])("max_iou and max_iou_imp lose class 2 (%s)", (compat) => {
    expect(refine(FIXTURE, masks, { variant: "max_iou", compat })).toBe("111000 111000 000030");
    expect(refine(FIXTURE, masks, { variant: "max_iou_imp", compat })).toBe("111000 111000 000030");
  });

  it("max_iou_imp2, original: the pixel under M2 alone keeps class 3, since M2 is taken by class 2", () => {
    expect(refine(FIXTURE, masks, { compat: "original" })).toBe("111000 122222 022233");
  });

  it("max_iou_imp2, paper and default: M2 covers that pixel all the same", () => {
    expect(refine(FIXTURE, masks, { compat: "paper" })).toBe("111000 122222 022232");
    expect(refine(FIXTURE, masks)).toBe("111000 122222 022232");
  });

  it("says which class took each proposal, and leaves its input alone", () => {
    const before = labels(FIXTURE);
    const { takenBy } = mergeProposals(before, masks.map(rle));
    expect(takenBy).toEqual([1, 2, 3]);
    expect(drawLabels(before)).toBe(FIXTURE);
  });
});

describe("the rules at their edges", () => {
  it("half of a proposal inside is not enough, one pixel more is", () => {
    expect(refine("1100 0000", [".##. ...."], { variant: "max_iou" })).toBe("0000 0000");
    expect(refine("1110 0000", [".### ...."], { variant: "max_iou" })).toBe("0111 0000");
  });

  it("17 of 20 pixels of the region is enough for max_iou_imp2, 16 is not", () => {
    const region = `${"1".repeat(20)}${"0".repeat(40)}`;
    const covering = (inside: number): string =>
      `${"#".repeat(inside)}${".".repeat(20 - inside)}${"#".repeat(40)}`;
    expect(refine(region, [covering(17)])).toBe(`${"1".repeat(20)}${"1".repeat(40)}`);
    expect(refine(region, [covering(16)])).toBe(`${"0".repeat(16)}${"1".repeat(4)}${"0".repeat(40)}`);
  });

  it("a proposal that covers two classes goes to the larger overlap, and to the lower id in the published code", () => {
    // Rule C suits both classes: 1 and 2 lie wholly inside the proposal, 2 with more pixels.
    expect(refine("1222 0000", ["#### ####"])).toBe("2222 2222");
    expect(refine("1222 0000", ["#### ####"], { compat: "original" })).toBe("1222 1111");
  });

  it("gives a tie to the lower id", () => {
    expect(refine("1122 0000", ["#### ####"])).toBe("1111 1111");
  });

  it("paints the higher id where taken proposals overlap", () => {
    expect(refine("11100222", ["#####...", "...#####"])).toBe("11122222");
  });

  it("leaves no trace of a class that lies only under refused proposals", () => {
    expect(refine("10000000", ["########"], { variant: "max_iou_imp" })).toBe("00000000");
  });

  it("turns ignore into background, or keeps it where nothing is painted", () => {
    expect(refine("x11x", [".###"])).toBe("0111");
    expect(refine("x11x", [".###"], { keepIgnore: true })).toBe("x111");
  });

  it("drops ids at or above classCount", () => {
    expect(refine("1155", [], { classCount: 5 })).toBe("1100");
  });

  it("without proposals keeps the labels, and max_iou keeps nothing", () => {
    expect(refine("012 210", [])).toBe("012 210");
    expect(refine("012 210", [], { variant: "max_iou" })).toBe("000 000");
  });

  it.each(["0", "1", "x"])("handles a picture of one pixel: %s", (pixel) => {
    expect(refine(pixel, ["#"])).toBe(pixel === "1" ? "1" : "0");
  });

  it("ignores empty proposals and accepts whole ones", () => {
    expect(refine("11 11 11", [".. .. ..", "## ## ##"])).toBe("11 11 11");
  });

  it("refuses a proposal of another size by its number", () => {
    expect(() => refine("11 11", ["## ##", "###"])).toThrow(
      "proposal 1: expected 2×2 like its label map, got 1×3",
    );
  });

  it.each([
    ["too few", [0]],
    ["a class that is not there", [0, 2]],
    ["no number", [0, Number.NaN]],
    ["a fraction", [0, 0.5]],
  ])("refuses a rule that answers with %s", (_, owner) => {
    const assign = (): Int32Array => owner as unknown as Int32Array;
    expect(() => mergeProposals(labels("12"), [rle("#."), rle(".#")], { assign })).toThrow(
      /^mergeProposals: assign: expected a class row 0\.\.1, or -1 for none, for each of 2 proposals, got /,
    );
  });

  it("refuses a class count that no label map has", () => {
    expect(() => mergeProposals(labels("1"), [], { classCount: 256 })).toThrow(
      "mergeProposals: classCount: expected an integer in 1..255, got 256 (number)",
    );
  });

  it("takes a rule of the caller's own", () => {
    const refuseAll = refine("1100", ["##.."], {
      assign: ({ proposalAreas }) => new Int32Array(proposalAreas.length).fill(-1),
    });
    expect(refuseAll).toBe("0000");
  });
});

describe("mergeProposals against a plain transcription of the rules", () => {
  const problem = fc.integer({ min: 0, max: 2 ** 31 }).map((seed) => drawProblem(seed));
  const variants = fc.constantFrom<Variant>("max_iou", "max_iou_imp", "max_iou_imp2");
  const compats = fc.constantFrom<Compat>("original", "paper");

  it("agrees on random maps and masks", () => {
    fc.assert(
      fc.property(problem, variants, compats, ({ map, masks }, variant, compat) => {
        const result = mergeProposals(map, masks, { variant, compat }).labels;
        expect(drawLabels(result)).toBe(drawLabels(mergePlainly(map, masks, variant, compat)));
      }),
      { numRuns: 300 },
    );
  });

  it("does not depend on the order of the proposals", () => {
    fc.assert(
      fc.property(problem, variants, compats, ({ map, masks }, variant, compat) => {
        const turned = shuffled(masks, random(1));
        expect(mergeProposals(map, turned, { variant, compat }).labels).toEqual(
          mergeProposals(map, masks, { variant, compat }).labels,
        );
      }),
    );
  });
});

/** Patches of classes, and rectangles, copies, empty and full masks over them. */
function drawProblem(seed: number): { map: LabelMap; masks: Rle[] } {
  const dice = random(seed);
  const height = 1 + dice.integer(12);
  const width = 1 + dice.integer(12);
  const data = new Uint8Array(height * width);
  const rectangle = (into: Uint8Array, value: number): void => {
    const top = dice.integer(height);
    const left = dice.integer(width);
    const bottom = top + 1 + dice.integer(height - top);
    const right = left + 1 + dice.integer(width - left);
    for (let i = top; i < bottom; i++) into.fill(value, i * width + left, i * width + right);
  };
  for (let n = dice.integer(5); n > 0; n--) rectangle(data, dice.next() < 0.1 ? 255 : 1 + dice.integer(4));
  const masks = Array.from({ length: dice.integer(12) }, () => {
    const pixels = new Uint8Array(height * width);
    if (dice.next() < 0.1) return encodeRle({ height, width, data: pixels });
    if (dice.next() < 0.1) return encodeRle({ height, width, data: pixels.fill(1) });
    for (let n = 1 + dice.integer(2); n > 0; n--) rectangle(pixels, 1);
    return encodeRle({ height, width, data: pixels });
  });
  return { map: { height, width, data }, masks: [...masks, ...masks.slice(0, dice.integer(2))] };
}

/** Sections 3.2 and 3.6 of the specification, pixel by pixel. */
function mergePlainly(map: LabelMap, rles: readonly Rle[], variant: Variant, compat: Compat): LabelMap {
  const { height, width } = map;
  const at = (p: number): number => map.data[p];
  const masks = rles.map((one) => Array.from(expand(one), (value) => value === 1));
  const pixels = Array.from(map.data, (_, p) => p);
  const ids = [...new Set(map.data)].filter((c) => c > 0 && c < 255).sort((a, b) => a - b);
  const inter = (k: number, c: number): number => pixels.filter((p) => masks[k][p] && at(p) === c).length;
  const accepts = (k: number, c: number): boolean => {
    const size = masks[k].filter(Boolean).length;
    const area = pixels.filter((p) => at(p) === c).length;
    return 2 * inter(k, c) - size > 0 || (variant === "max_iou_imp2" && 20 * inter(k, c) >= 17 * area);
  };
  const claimed = new Map<number, number>();
  const out = new Uint8Array(height * width);
  for (const c of ids) {
    const examined = masks.map((_, k) => k).filter((k) => !claimed.has(k));
    const taken = examined.filter((k) => {
      const best = ids.reduce((a, b) => (inter(k, b) > inter(k, a) ? b : a));
      return accepts(k, c) && (compat === "original" || best === c);
    });
    for (const k of taken) claimed.set(k, c);
    const covering = compat === "original" ? examined : masks.map((_, k) => k);
    for (const p of pixels) {
      const uncovered = at(p) === c && !covering.some((k) => masks[k][p]);
      if (taken.some((k) => masks[k][p]) || (variant !== "max_iou" && uncovered)) out[p] = c;
    }
  }
  return { height, width, data: out };
}

function expand({ height, width, counts }: Rle): Uint8Array {
  const data = new Uint8Array(height * width);
  let q = 0;
  counts.forEach((count, r) => {
    for (let n = 0; n < count; n++, q++) data[(q % height) * width + Math.floor(q / height)] = r % 2;
  });
  return data;
}

it("the transcription's own mask expansion is right", () => {
  const drawn = mask("#.. .##");
  expect(draw({ ...drawn, data: expand(encodeRle(drawn)) })).toBe("#.. .##");
});
