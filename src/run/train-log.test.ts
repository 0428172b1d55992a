import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/tree.ts";
import { openTrainLog } from "./train-log.ts";

describe("openTrainLog", () => {
  it("drops the steps after the checkpoint and a line cut off", () => {
    const path = join(temporaryFolder(), "log.ndjson");
    const text = [1, 2, 3].map((step) => `{"step":${step},"rate":0.1,"loss":0.5}\n`).join("");
    writeFileSync(path, `${text}{"step":4,"ra`);
    const log = openTrainLog(path, 2);
    expect(log.lines.map(({ step }) => step)).toEqual([1, 2]);
    log.append({ step: 3, steps: 9, rate: 0.2, numbers: { loss: 0.25 }, secondsLeft: 1 });
    log.close();
    expect(readFileSync(path, "utf8")).toBe(
      text.replace('3,"rate":0.1,"loss":0.5', '3,"rate":0.2,"loss":0.25'),
    );
  });
});
