import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeCheckpoint } from "../engine/checkpoint.ts";
import { type CommandResult, start } from "../testing/command.ts";
import { hashTree, temporaryFolder } from "../testing/tree.ts";

const child = resolve(import.meta.dirname, "../testing/train-child.ts");
const STEPS = 100;

function train(folder: string, ...args: readonly string[]): Promise<CommandResult> {
  return start(
    process.execPath,
    ["--import", "tsx", child, folder, `${STEPS}`, ...args],
    resolve(import.meta.dirname, "../.."),
  ).result;
}

function stepsOf({ stdout }: CommandResult): number[] {
  return [...stdout.matchAll(/^step (\d+) loss [\d.]+$/gm)].map(([, step]) => Number(step));
}

describe("runTraining", () => {
  it("ends with the same bytes when it was killed at step 37, and at step 60, and stopped at step 75", async () => {
    const [whole, parts] = [temporaryFolder(), temporaryFolder()];
    expect(stepsOf(await train(whole))).toHaveLength(STEPS);

    const killed = await train(parts, "SIGKILL", "37");
    expect(killed.code).toBe("SIGKILL");
    expect(stepsOf(killed).at(-1)).toBe(37);
    // From the checkpoint of step 30 on.
    expect(stepsOf(await train(parts, "SIGKILL", "60"))[0]).toBe(31);
    const stopped = await train(parts, "SIGINT", "75");
    // A signal arrives when it does: some steps more may have been made.
    const done = Number(/train: stopped after (\d+) of 100 steps/.exec(stopped.stderr)?.[1]);
    expect(done).toBeGreaterThanOrEqual(75);
    const last = await train(parts);
    expect(last.stdout).toContain(`${STEPS - done} steps to make`);
    expect(stepsOf(last)[0]).toBe(done + 1);

    expect(hashTree(parts)).toEqual(hashTree(whole));
    const path = join(whole, "checkpoint.safetensors");
    expect(decodeCheckpoint(readFileSync(path), path)).toMatchObject({
      step: STEPS,
      optimizer: { step: STEPS },
    });
    const log = readFileSync(join(whole, "training.ndjson"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(log.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    const everyStep = ["step", "rate", "loss", "fit", "size", "gradient norm"];
    expect(Object.keys(log[0])).toEqual(everyStep);
    const validated = log.filter((line) => "val accuracy" in line);
    expect(validated.map(({ step }) => step)).toEqual([15, 30, 45, 60, 75, 90, 100]);
    expect(Object.keys(validated[0])).toEqual([...everyStep, "val accuracy"]);
    expect(validated.at(-1)["val accuracy"]).toBeGreaterThan(0.8);
    const page = readFileSync(join(whole, "report.html"), "utf8");
    expect(page.match(/<polyline/g)).toHaveLength(6);
    expect(page).toContain("100 steps.");
  });
});
