import { describe, expect, it } from "vitest";
import { labels } from "../testing/picture.ts";
import { confusion, emptyConfusion } from "./metrics.ts";
import { objectScores, partScores } from "./part-metric.ts";

describe("partScores", () => {
  it("averages over part classes, the background beside them", () => {
    // Class 1: 2 right of 3 true and 3 found; class 2: 1 of 1 true, 1 found.
    const { miou, miouWithBackground, macc, pixelAccuracy, classes } = partScores(
      confusion(labels("110 120"), labels("111 020"), 3),
      ["background", "wheel", "door"],
    );
    expect(miou).toBeCloseTo((2 / 4 + 1) / 2, 12);
    expect(miouWithBackground).toBeCloseTo((2 / 4 + 1 + 1 / 3) / 3, 12);
    expect(macc).toBeCloseTo((2 / 3 + 1) / 2, 12);
    expect(pixelAccuracy).toBeCloseTo(4 / 6, 12);
    const [, wheel] = classes;
    expect(wheel).toMatchObject({ id: 1, name: "wheel", pixels: 3 });
    expect(wheel.f1).toBeCloseTo((2 * 2) / (2 * 2 + 1 + 1), 12);
    expect(wheel.accuracy).toBeCloseTo(2 / 3, 12);
  });

  it("counts a class that was found where none is, but not in the accuracy", () => {
    const { miou, macc } = partScores(confusion(labels("12"), labels("11"), 3));
    expect(miou).toBeCloseTo((1 / 2 + 0) / 2, 12);
    expect(macc).toBeCloseTo(1 / 2, 12);
  });

  it("averages over the parts of each object", () => {
    // Classes 1 and 3 are of the car, one of them nowhere; 2 of the boat; 4 of nothing.
    const found = partScores(confusion(labels("11024"), labels("10024"), 5));
    const objects = [null, "car", "boat", "car", null];
    expect(objectScores(found, objects)).toEqual([
      { name: "car", parts: 2, miou: 0.5, macc: 1 },
      { name: "boat", parts: 1, miou: 1, macc: 1 },
    ]);
    expect(objectScores(found, [null, "car", "car", "car", null])).toEqual([]);
    expect(objectScores(found, [null, "a", "b", "c", "d"])).toEqual([]);
    expect(objectScores(found, [null, null, null, null, null])).toEqual([]);
  });

  it("has nothing to say of no pixels", () => {
    expect(partScores(emptyConfusion(2))).toMatchObject({ miou: null, macc: null, pixelAccuracy: null });
  });
});
