import { describe, expect, it } from "vitest";
import { confusion, scores } from "../../core/metrics.ts";
import { labels } from "../../testing/picture.ts";
import type { StageScores } from "./report.ts";
import { formatScores } from "./score-table.ts";

const truth = labels("0011 0011");
const stage = (name: string, drawing: string, classNames = ["background", "cat", "dog"]): StageScores => ({
  name,
  scores: scores(confusion(labels(drawing), truth, 3), classNames),
});

describe("formatScores", () => {
  it("compares stages, aligned, with the change and a dash for what is undefined", () => {
    expect(formatScores([stage("before", "0000 0011"), stage("after", "0001 0011")])).toBe(
      [
        "                 before  after  change",
        "mIoU              58.33  77.50  +19.17",
        "foreground mIoU   50.00  75.00  +25.00",
        "pixel accuracy    75.00  87.50  +12.50",
        "",
        "IoU of class     before  after  change",
        "background        66.67  80.00  +13.33",
        "cat               50.00  75.00  +25.00",
        "dog                   –      –       –",
      ].join("\n"),
    );
  });

  it("shows precision and recall of a single stage", () => {
    expect(formatScores([stage("labels", "0000 0011")])).toBe(
      [
        "                 labels",
        "mIoU              58.33",
        "foreground mIoU   50.00",
        "pixel accuracy    75.00",
        "",
        "class               IoU  precision  recall",
        "background        66.67      66.67  100.00",
        "cat               50.00     100.00   50.00",
        "dog                   –          –       –",
      ].join("\n"),
    );
  });

  it("has a row of boundary F when one stage has it, a plain minus for a loss, and no line without a stage", () => {
    const table = formatScores([
      { ...stage("a", "0011 0011"), boundaryF: 0.5 },
      { ...stage("b", "0000 0000"), boundaryF: null },
    ]);
    expect(table).toMatch(/^boundary F +50\.00 +– +–$/m);
    expect(table).toMatch(/^cat +100\.00 +0\.00 +-100\.00$/m);
    expect(formatScores([])).toBe("");
  });

  it("takes the terminal's control characters out of names", () => {
    const table = formatScores([stage("x", "0011 0011", ["bg", "\u001b[2Jcat\u202e", "dog"])]);
    expect(table).toContain("\uFFFD[2Jcat\uFFFD");
    expect(table).not.toContain("\u001b");
  });
});
