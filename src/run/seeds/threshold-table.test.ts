import { describe, expect, it } from "vitest";
import { confusion, scores } from "../../core/metrics.ts";
import { labels } from "../../testing/picture.ts";
import type { SeedResult } from "../tasks/seed.ts";
import { type ThresholdTableOptions, thresholdOf, thresholdTable } from "./threshold-table.ts";

it.each([
  [1, 0.5],
  // x = (1 − x)²: (3 − √5) / 2
  [2, 0.381966],
  [0.5, 0.618034],
])("is even with a background of power %d at %d", (power, score) => {
  expect(thresholdOf(power)).toBeCloseTo(score, 6);
});

describe("thresholdTable", () => {
  const classNames = ["background", "cat", "dog", "cow"];
  const photo = (pixels: number, classes: SeedResult["classes"]): SeedResult => {
    const labeled = classes.reduce((sum, [, count]) => sum + count, 0);
    return { pixels, labeled, masks: 1, classes };
  };
  const round = (label: string, power: number, results: Readonly<Record<string, SeedResult>>) => ({
    label,
    recipe: { affinity: null, power },
    finished: {
      ids: Object.keys(results),
      [Symbol.iterator]: function* () {
        for (const [id, result] of Object.entries(results)) yield { id, key: "", result };
      },
    },
  });
  const fine = round("", 1, {
    a: photo(100, [[1, 25]]),
    b: photo(300, [
      [1, 0],
      [2, 75],
    ]),
    c: photo(0, []),
  });
  const options: ThresholdTableOptions = { classNames, tags: null, crf: false, stages: [] };

  it("counts by class what may be there, what is, and how much of the pixels", () => {
    const { heads, rows } = thresholdTable([fine], options);
    expect(heads).toEqual(["photos with a CAM", "score above", "in seeds", "% of pixels"]);
    expect(rows).toEqual([
      { classId: 1, cells: ["2", "0.500", "1", "6.25"] },
      { classId: 2, cells: ["1", "0.500", "1", "18.75"] },
      { classId: 3, cells: ["0", "0.500", "0", "0.00"] },
    ]);
  });

  it("counts tags of the photos that were finished, with a CAM or without", () => {
    const tags = new Map([
      ["a", [1, 3]],
      ["c", [3]],
      ["failed", [2]],
    ]);
    const { heads, rows } = thresholdTable([fine], { ...options, tags });
    expect(heads[0]).toBe("photos tagged");
    expect(rows.map(({ cells }) => cells[0])).toEqual(["1", "0", "2"]);
  });

  it("has thresholds, counts and IoU of each round", () => {
    const stage = (name: string, drawing: string) => ({
      name,
      scores: scores(confusion(labels(drawing), labels("0112"), 4), classNames),
    });
    const coarse = round("coarse ", 0.5, { a: photo(4, [[1, 1]]), b: photo(4, [[2, 4]]) });
    const stages = [stage("CAM", "0000"), stage("coarse seeds", "0012"), stage("seeds", "0112")];
    const { heads, rows } = thresholdTable([coarse, fine], { ...options, stages });
    expect(heads).toEqual([
      "photos with a CAM",
      ...["coarse score above", "in coarse seeds", "% of pixels", "IoU"],
      ...["score above", "in seeds", "% of pixels", "IoU"],
    ]);
    expect(rows[0].cells).toEqual(["2", "0.618", "1", "12.50", "50.00", "0.500", "1", "6.25", "100.00"]);
    expect(rows[2].cells).toEqual(["0", "0.618", "0", "0.00", "–", "0.500", "0", "0.00", "–"]);
  });

  it("has no share of no pixels", () => {
    const [{ cells }] = thresholdTable([round("", 1, {})], options).rows;
    expect(cells).toEqual(["0", "0.500", "0", "–"]);
  });

  it("says that probabilities vote after a CRF, without a threshold", () => {
    expect(thresholdTable([fine], options).text).not.toContain("CRF");
    const { text, rows } = thresholdTable([fine], { ...options, crf: true });
    expect(text).toContain("before the dense CRF");
    expect(text).toContain("highest mean");
    expect(rows[0].cells).toContain("0.500");
  });
});
