import { describe, expect, it } from "vitest";
import type { Progress } from "../progress.ts";
import { type RunProgress, showStages } from "./stage-progress.ts";

const stages = [
  { name: "masks", seconds: 10 },
  { name: "seeds", seconds: 20 },
  { name: "segmenter", seconds: 40 },
];

/** What is shown of a run whose clock is set by hand. */
function watch(): { shown: string[]; run: RunProgress; at(seconds: number): void } {
  const shown: string[] = [];
  const progress: Progress = {
    begin: (stage, total) => shown.push(`${stage} of ${total}`),
    advance: (_, note) => shown.push(note ?? ""),
    warn: () => {},
    end: () => {},
  };
  let ms = 0;
  const run = showStages(progress, stages, () => ms);
  return {
    shown,
    run,
    at(seconds) {
      ms = seconds * 1000;
    },
  };
}

describe("showStages", () => {
  it("says where the run stands, and what is left of it", () => {
    const { shown, run, at } = watch();
    const masks = run.enter(0, true);
    masks.begin("masks", 4);
    at(5);
    masks.advance("a"); // 15 s left of this stage, 60 expected of the others
    at(20);
    const seeds = run.enter(1, true); // the first took twice what was expected
    seeds.begin("cams", 2);
    seeds.advance("a", "loss 1"); // half of 2 × 20 may be other parts, and 2 × 40 of the last stage
    at(50);
    seeds.advance("b");
    expect(shown).toEqual([
      "1/3 masks of 4",
      "run 1:15 left",
      "2/3 seeds: cams of 2",
      "loss 1 · run 1:40 left",
      "run 1:20 left",
    ]);
  });

  it("does not judge the pace by a stage that went on from an earlier run", () => {
    const { shown, run, at } = watch();
    run.enter(0, false);
    at(1);
    const seeds = run.enter(1, true);
    seeds.begin("seeds", 1);
    seeds.advance("a");
    expect(shown.at(-1)).toBe("run 0:40 left");
  });

  it("never says less than what the step itself has left", () => {
    const { shown, run, at } = watch();
    const last = run.enter(2, true);
    last.begin("train", 10);
    at(100);
    last.advance("1");
    expect(shown.at(-1)).toBe("run 15:00 left");
  });
});
