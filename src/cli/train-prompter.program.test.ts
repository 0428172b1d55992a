import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeCheckpoint } from "../engine/checkpoint.ts";
import { linesOf, maskwright, startMaskwright } from "../testing/command.ts";
import { importRandomModel, writePartScenes } from "../testing/part-scenes.ts";
import { hashTree, temporaryFolder } from "../testing/tree.ts";

/** Photos of parts, a model of random weights, and in `whole` a training that nothing interrupted. */
let data = "";
const home = process.env.MASKWRIGHT_HOME;

const small = ["--queries", "4", "--layers", "1", "--width", "16", "--batch", "2", "--epochs", "10"];
const train = (out: string, ...args: readonly string[]): string[] => [
  ...["train", "prompter", join(data, "images"), "--boxes", join(data, "parts.csv")],
  ...["--classes", join(data, "parts.txt"), "--model", "mobile-sam", "--rate", "0.001"],
  ...[...small, "--checkpoint-every", "4", "--val", "0.25", "-o", out, ...args],
];

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-parts-"));
  process.env.MASKWRIGHT_HOME = join(data, "home");
  await writePartScenes(data, 4);
  await importRandomModel(join(data, "home"));
  const { code, stdout, stderr } = await maskwright(data, ...train("whole"));
  expect({ code, stdout, errors: stderr.match(/error.*/g) }).toEqual({
    code: 0,
    stdout: expect.stringMatching(
      /^3 images, 6 parts, 15 steps: loss [\d.]+, recall [\d.]+; whole\/checkpoint/,
    ),
    errors: null,
  });
}, 60_000);

afterAll(() => {
  if (home === undefined) delete process.env.MASKWRIGHT_HOME;
  else process.env.MASKWRIGHT_HOME = home;
  rmSync(data, { recursive: true, force: true });
});

/** Everything a run leaves that must not depend on how it came about. */
const outcome = (folder: string): unknown => hashTree(folder, /^(report\.json|log\.ndjson)$/);

describe("train prompter", () => {
  it("leaves a checkpoint that says all about itself, the split, and the curves", () => {
    const path = join(data, "whole/checkpoint.safetensors");
    const { step, config } = decodeCheckpoint(readFileSync(path), path);
    expect(step).toBe(15);
    expect(config).toMatchObject({
      kind: "prompter",
      model: { name: "mobile-sam", sha256: expect.stringMatching(/^[0-9a-f]{64}$/), precision: "float32" },
      classes: ["background", "disc", "bar"],
      network: { grid: 64, channels: 256, tokens: 2, queries: 4, dim: 16, classes: 2 },
      training: { supervision: "boxes", pictures: 3, seed: 0, recipe: { epochs: 10, rate: 0.001 } },
    });
    const [training, validation] = ["train", "val"].map((name) =>
      linesOf(readFileSync(join(data, `whole/${name}.txt`), "utf8")),
    );
    expect([...training, ...validation].sort()).toEqual(["part-0", "part-1", "part-2", "part-3"]);
    expect(validation.length).toBe(1);
    expect(readFileSync(join(data, "whole/report.html"), "utf8")).toContain("recall");
    const log = linesOf(readFileSync(join(data, "whole/training.ndjson"), "utf8")).map((line) =>
      JSON.parse(line),
    );
    expect(log.at(-1).loss).toBeLessThan(log[0].loss);
  });

  it("ends with the same bytes after it was killed, and stopped", async () => {
    const folder = temporaryFolder();
    const killed = startMaskwright(folder, ...train("out", "--json"));
    await killed.lines(/"stage":"train","id":"6"/, 1);
    killed.child.kill("SIGKILL");
    await killed.result;
    const stopped = startMaskwright(folder, ...train("out", "--json"));
    await stopped.lines(/"stage":"train","id":"\d+"/, 2);
    stopped.child.kill("SIGINT");
    const { code, stderr } = await stopped.result;
    expect({ code, last: JSON.parse(linesOf(stderr).at(-1) ?? "") }).toEqual({
      code: 130,
      last: expect.objectContaining({
        code: "ABORTED",
        message: expect.stringMatching(/^train: stopped after/),
      }),
    });
    expect((await maskwright(folder, ...train("out"))).code).toBe(0);
    expect(outcome(join(folder, "out"))).toEqual(outcome(join(data, "whole")));
  });
});
