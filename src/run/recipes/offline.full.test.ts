import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import { interruptMaskwright, linesOf, maskwright } from "../../testing/command.ts";
import { hashTree } from "../../testing/tree.ts";
import { writeWeakScenes } from "../../testing/weak-scenes.ts";

/** Scenes with boxes, and `whole`: what a run of the recipe in `out` left that nothing interrupted. */
let data = "";
/** Parts of such a run, in their order: it is killed once in each. */
const parts = [
  "1/3 masks: objects",
  "1/3 masks: evaluate",
  "2/3 segmenter: labels",
  "2/3 segmenter: train",
  "3/3 predictions: labels",
];
/** How many steps each of them reports. */
let steps: number[] = [];

const args = (): string[] => [
  ...["run", "offline", "-o", "out", "--json"],
  ...["images=images", "boxes=boxes.csv", "classes=classes.txt", "truth=truth"].flatMap((each) => {
    const [key, path] = each.split("=");
    return ["--set", `${key}=${join(data, path)}`];
  }),
  ...["side=32", "steps=8", "batch=2", "validation=0.3", "validateEvery=3", "checkpointEvery=2"].flatMap(
    (each) => ["--set", `segmenter.${each}`],
  ),
];

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-offline-"));
  await writeWeakScenes(data, 6, { height: 48, width: 64 });
  const { code, stderr } = await maskwright(data, ...args());
  expect(code).toBe(0);
  const events = linesOf(stderr).map((line) => JSON.parse(line));
  steps = parts.map(
    (part) => events.filter(({ event, stage }) => event === "progress" && stage === part).length,
  );
  expect(Math.min(...steps)).toBeGreaterThan(0);
  // Runs say where their inputs lie, so the other one has to be in the same place.
  renameSync(join(data, "out"), join(data, "whole"));
}, 120_000);
afterAll(() => rmSync(data, { recursive: true, force: true }));

/** Everything a run leaves that must not depend on how often it was killed: all but logs, and what reports say of time. */
function outcome(out: string): unknown {
  const reports = ["", "01-masks", "02-segmenter", "03-predictions"].map((stage) => {
    const { timing, ...report } = JSON.parse(readFileSync(join(data, out, stage, "report.json"), "utf8"));
    expect(timing.seconds).toBeGreaterThanOrEqual(0);
    return report;
  });
  return { reports, files: hashTree(join(data, out), /(^|\/)(report\.json|log\.ndjson)$/) };
}

it("ends with the same bytes when it is killed at five random moments", async () => {
  const r = random("five moments");
  for (const [k, part] of parts.entries()) {
    const pattern = new RegExp(`"event":"progress","stage":"${part}"`);
    const count = 1 + r.integer(steps[k]);
    const killing = { signal: "SIGKILL", pattern, count, delayMs: r.integer(30) } as const;
    expect((await interruptMaskwright(data, [killing], ...args())).code).toBe("SIGKILL");
  }
  const { code, stdout } = await maskwright(data, ...args());
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ command: "run", images: 6, failures: [] });
  expect(outcome("out")).toEqual(outcome("whole"));
}, 300_000);
