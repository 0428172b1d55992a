import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "../core/random.ts";
import {
  type CommandResult,
  type Interruption,
  interruptMaskwright,
  linesOf,
  maskwright,
} from "../testing/command.ts";
import { writeScenes } from "../testing/scene-files.ts";
import { hashTree, temporaryFolder, timesOf, writeTree } from "../testing/tree.ts";

const SCENES = 24;

/** Scenes, and `whole`: a refinement of them that nothing interrupted. */
let data = "";
let ids: string[] = [];
const refinement = (): string[] => [
  ...["refine", join(data, "labels"), "--images", join(data, "images"), "--model", "regions"],
  ...["--truth", join(data, "truth"), "--classes", join(data, "classes.txt"), "-o", "out"],
];

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-scenes-"));
  ids = await writeScenes(data, SCENES, { height: 72, width: 96 });
  const whole = await maskwright(data, ...refinement());
  expect(whole.code).toBe(0);
});

afterAll(() => rmSync(data, { recursive: true, force: true }));

/** Everything a run leaves that must not depend on how often it was stopped. */
function outcome(folder: string): unknown {
  const { timing, ...report } = JSON.parse(readFileSync(join(folder, "out/report.json"), "utf8"));
  expect(timing.seconds).toBeGreaterThanOrEqual(0);
  return { report, files: hashTree(join(folder, "out"), /^(report\.json|log\.ndjson)$/) };
}

/** A refinement of the same scenes in a folder of its own, under --json and in one thread, interrupted. */
function interrupt(folder: string, ...interruptions: Interruption[]): Promise<CommandResult> {
  return interruptMaskwright(folder, interruptions, ...refinement(), "--json", "--workers", "1");
}

describe("a run that is killed", () => {
  const r = random("three moments");
  const moments = Array.from({ length: 3 }, () => ({
    count: 1 + r.integer(2 * SCENES - 2),
    delayMs: r.integer(30),
  }));

  it.each(moments)("$delayMs ms after step $count ends as if nothing had happened", async (moment) => {
    const folder = temporaryFolder();
    const pattern = /"event":"progress","stage":"(proposals|pseudo)"/;
    const { code } = await interrupt(folder, { signal: "SIGKILL", pattern, ...moment });
    expect(code).toBe("SIGKILL");
    const resumed = await maskwright(folder, ...refinement());
    expect(resumed.code).toBe(0);
    expect(outcome(folder)).toEqual(outcome(data));
  });
});

describe("a run that is stopped by Ctrl-C", () => {
  it("finishes the images in flight, says how to go on, and goes on", async () => {
    const folder = temporaryFolder();
    const { code, stdout, stderr } = await interrupt(folder, {
      ...{ signal: "SIGINT", pattern: /"event":"progress"/, count: 3 },
    });
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toContain("stopping after what is in hand (again to stop now)");
    expect(JSON.parse(linesOf(stderr).at(-1) ?? "")).toEqual({
      event: "error",
      code: "ABORTED",
      message: expect.stringMatching(/^proposals: stopped after \d+ of 24 images$/),
      hint: "Run the same command again to go on from here.",
    });
    const done = linesOf(readFileSync(join(folder, "out/log.ndjson"), "utf8")).length;
    expect(stderr).toContain(`stopped after ${done} of`);

    expect((await maskwright(folder, ...refinement())).code).toBe(0);
    expect(outcome(folder)).toEqual(outcome(data));
  });

  it("ends at once the second time, and still goes on", async () => {
    const folder = temporaryFolder();
    const { code } = await interrupt(
      folder,
      { signal: "SIGINT", pattern: /"event":"progress"/ },
      { signal: "SIGINT", pattern: /"event":"stopping"/ },
    );
    expect(code).toBe("SIGINT");
    expect((await maskwright(folder, ...refinement())).code).toBe(0);
    expect(outcome(folder)).toEqual(outcome(data));
  });
});

describe("a run that was finished", () => {
  const artifacts = /^(report\.(json|html)|log\.ndjson)$/;

  it("keeps every file when it is run again, and reports the same", async () => {
    const times = timesOf(join(data, "out"), artifacts);
    const before = outcome(data);
    const { code, stderr } = await maskwright(data, ...refinement());
    expect({ code, isQuiet: !/warning|error/.test(stderr) }).toEqual({ code: 0, isQuiet: true });
    expect(timesOf(join(data, "out"), artifacts)).toEqual(times);
    expect(outcome(data)).toEqual(before);
  });

  it.each([
    ["--variant", "max_iou", 'variant: expected "max_iou_imp2" as before, got "max_iou"'],
    ["--compat", "paper", 'compat: expected null as before, got "paper"'],
  ])("is not mixed with one of other options: %s %s", async (option, value, named) => {
    const before = hashTree(join(data, "out"));
    const { code, stderr } = await maskwright(data, ...refinement(), option, value);
    expect(code).toBe(2);
    expect(linesOf(stderr)).toEqual([
      `error: out: ${named}`,
      "hint: Choose another -o, or delete the folder to start again.",
    ]);
    expect(hashTree(join(data, "out"))).toEqual(before);
  });

  it("is not mixed with one of another command", async () => {
    const { code, stderr } = await maskwright(data, "propose", "images", "-o", "out");
    expect(code).toBe(2);
    expect(linesOf(stderr)[0]).toBe('error: out: command: expected "refine" as before, got "propose"');
  });

  it("makes again only what came from a file that changed", async () => {
    const folder = temporaryFolder();
    await writeScenes(folder, 3, { height: 48, width: 64 });
    const args = ["refine", "labels", "--images", "images", "-o", "out"];
    await maskwright(folder, ...args);
    const files = timesOf(join(folder, "out"), artifacts);
    // Another picture's label: the photo, and so its proposals, stay as they are.
    writeFileSync(join(folder, "labels/scene-1.png"), readFileSync(join(folder, "labels/scene-2.png")));
    await maskwright(folder, ...args);
    const touched = changedNames(files, timesOf(join(folder, "out"), artifacts));
    expect(touched).toEqual(["pseudo/scene-1.png"]);

    const later = timesOf(join(folder, "out"), artifacts);
    rmSync(join(folder, "out/pseudo/scene-0.png"));
    writeFileSync(join(folder, "images/scene-2.jpg"), readFileSync(join(folder, "images/scene-0.jpg")));
    await maskwright(folder, ...args);
    expect(changedNames(later, timesOf(join(folder, "out"), artifacts))).toEqual([
      "proposals/scene-2.json",
      "pseudo/scene-0.png",
      "pseudo/scene-2.png",
    ]);
  });

  it("drops a line of the log that was cut off, and what killed writes left", async () => {
    const folder = temporaryFolder();
    await writeScenes(folder, 2, { height: 48, width: 64 });
    const args = ["refine", "labels", "--images", "images", "-o", "out", "--workers", "1"];
    await maskwright(folder, ...args);
    const before = outcome(folder);
    const log = join(folder, "out/log.ndjson");
    const whole = readFileSync(log, "utf8");
    writeTree(folder, {
      "out/pseudo/.scene-0.png.123-1.tmp": "half a picture",
      "out/.report.json.123-0.tmp": "{",
      "out/pseudo/.keep": "not ours",
    });
    truncateSync(log, whole.length - 20);
    await maskwright(folder, ...args);
    expect(outcome(folder)).toEqual({
      ...(before as object),
      files: { ...(before as { files: object }).files, "pseudo/.keep": expect.any(String) },
    });
    expect(readFileSync(log, "utf8")).toBe(whole);

    appendFileSync(log, "not JSON at all\n");
    expect((await maskwright(folder, ...args)).code).toBe(0);
  });

  it("goes on to more images when there was a limit", async () => {
    const folder = temporaryFolder();
    await maskwright(folder, ...refinement(), "--limit", "2");
    const times = timesOf(join(folder, "out/pseudo"));
    expect(Object.keys(times).length).toBe(2);
    await maskwright(folder, ...refinement());
    expect(timesOf(join(folder, "out/pseudo"))).toMatchObject(times);
    expect(Object.keys(timesOf(join(folder, "out/pseudo"))).length).toBe(ids.length);
    expect(outcome(folder)).toEqual(outcome(data));
  });
});

function changedNames(before: Record<string, number>, after: Record<string, number>): string[] {
  return Object.keys(after).filter((name) => after[name] !== before[name]);
}
