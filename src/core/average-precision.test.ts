import { describe, expect, it } from "vitest";
import { mask } from "../testing/picture.ts";
import { averagePrecision, matchMasks, type ScoredMask, type TrueMask } from "./average-precision.ts";
import { encodeRle } from "./rle.ts";

function found(score: number, picture: string, classId = 1): ScoredMask {
  return { classId, score, rle: encodeRle(mask(picture)) };
}

function there(picture: string, isCrowd = false, classId = 1): TrueMask {
  return { classId, isCrowd, rle: encodeRle(mask(picture)) };
}

/** Bits of the thresholds 0.5, 0.55, … up to an IoU. */
const upTo = (iou: number): number => 2 ** Math.floor((iou - 0.5) / 0.05 + 1 + 1e-9) - 1;

describe("matchMasks", () => {
  it("says up to which threshold a detection is right", () => {
    const { detections, truths } = matchMasks([found(0.9, "###. ....")], [there("##.. ....")]);
    expect(detections).toEqual([{ classId: 1, score: 0.9, right: upTo(2 / 3), ignored: 0 }]);
    expect(truths).toEqual([1]);
    expect(matchMasks([found(1, "##")], [there("##")]).detections[0].right).toBe(1023);
    expect(matchMasks([found(1, "##.")], [there(".##")]).detections[0].right).toBe(0);
  });

  it("gives each object one detection, that of the highest score", () => {
    const { detections } = matchMasks([found(0.2, "##"), found(0.8, "##")], [there("##")]);
    expect(detections.map(({ score, right }) => [score, right > 0])).toEqual([
      [0.8, true],
      [0.2, false],
    ]);
  });

  it("takes the object of the largest IoU that is free, of its own class only", () => {
    const truth = [there("####...."), there("###....."), there("####....", false, 2)];
    const { detections } = matchMasks([found(0.9, "###....."), found(0.8, "####....")], truth);
    expect(detections.map(({ right }) => right)).toEqual([1023, 1023]);
    expect(matchMasks([found(0.9, "##", 2)], [there("##")]).detections[0].right).toBe(0);
  });

  it("ignores what lies in a crowd, but for what is an object", () => {
    const truth = [there("########", true), there("##......")];
    const { detections, truths } = matchMasks(
      [found(0.9, "##......"), found(0.8, "....##.."), found(0.7, "......##")],
      truth,
    );
    expect(detections.map(({ right, ignored }) => [right, ignored])).toEqual([
      [1023, 0],
      [0, 1023],
      [0, 1023],
    ]);
    expect(truths).toEqual([1]);
  });

  it("takes no detection and no object, and the hundred best of more", () => {
    expect(matchMasks([], [there("#")])).toEqual({ detections: [], truths: [1] });
    expect(matchMasks([found(1, "#")], []).truths).toEqual([]);
    const many = Array.from({ length: 120 }, (_, k) => found(k, "#"));
    const { detections } = matchMasks(many, [there("#")]);
    expect(detections.length).toBe(100);
    expect(detections[99].score).toBe(20);
  });

  it("refuses masks of two sizes and scores that are no numbers", () => {
    expect(() => matchMasks([found(1, "##")], [there("###")])).toThrow("expected");
    expect(() => matchMasks([found(Number.NaN, "#")], [])).toThrow(
      "matchMasks: score: expected a number, got NaN",
    );
  });
});

describe("averagePrecision", () => {
  it("is the mean over recalls of the best precision from there on", () => {
    // Right, wrong, right, for two objects: precision 1 up to recall 1/2 (51 of 101 recalls), 2/3 up to 1.
    const picture = matchMasks(
      [found(0.9, "##......"), found(0.8, "..##...."), found(0.7, "....##..")],
      [there("##......"), there("....##..")],
    );
    const { ap50, ap, classes } = averagePrecision([picture], 2);
    expect(ap50).toBeCloseTo((51 + (50 * 2) / 3) / 101, 12);
    expect(ap).toBeCloseTo(ap50 as number, 12);
    expect(classes).toEqual([{ id: 1, name: "1", ap50, ap, objects: 2 }]);
  });

  it("averages over thresholds: a mask of IoU 0.75 is right at six of ten", () => {
    const picture = matchMasks([found(1, "###.")], [there("####")]);
    expect(averagePrecision([picture], 2)).toMatchObject({ ap50: 1, ap: expect.closeTo(0.6, 12) });
  });

  it("counts detections of equal scores in the order of the pictures", () => {
    const pictures = [
      matchMasks([found(0.5, "#.")], [there(".#")]),
      matchMasks([found(0.5, ".#")], [there(".#")]),
    ];
    expect(averagePrecision(pictures, 2).ap50).toBeCloseTo(51 / 2 / 101, 12);
    expect(averagePrecision(pictures.reverse(), 2).ap50).toBeCloseTo(51 / 101, 12);
  });

  it("leaves out classes without an object, and has nothing to say of none", () => {
    const picture = matchMasks(
      [found(1, "#", 2), found(1, "#", 1)],
      [there("#", false, 1), there("#", true, 2)],
    );
    const { ap, classes } = averagePrecision([picture], 3, ["background", "wheel", "door"]);
    expect(ap).toBeCloseTo(1, 12);
    expect(classes[1]).toEqual({ id: 2, name: "door", ap50: null, ap: null, objects: 0 });
    expect(averagePrecision([], 2)).toMatchObject({ ap50: null, ap: null });
    expect(averagePrecision([matchMasks([], [there("#")])], 2).ap).toBe(0);
  });
});
