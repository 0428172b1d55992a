import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openWeightFile } from "../engine/node.ts";
import { toyClipConfig } from "../models/clip/config.ts";
import { clipTensors, clipWeights } from "../models/clip/weights.ts";
import { readWords } from "../models/clip/word-tokenizer.ts";
import { interruptMaskwright, linesOf, maskwright } from "../testing/command.ts";
import { hashTree, temporaryFolder } from "../testing/tree.ts";

const train = (out: string): string[] => [
  ...["train", "toy-clip", "--steps", "6", "--scenes", "2", "--checkpoint-every", "2"],
  ...["--seed", "5", "--json", "-o", out],
];
/** What does not depend on the clock. */
const outcome = (folder: string): Record<string, string> => hashTree(folder, /^(report\.json|log)/);

it("trains, goes on where it was stopped to the same bytes, and what it wrote is a CLIP", async () => {
  const folder = temporaryFolder();
  const whole = await maskwright(folder, ...train("whole"));
  expect(whole.code).toBe(0);
  expect(JSON.parse(whole.stdout)).toMatchObject({ command: "train toy-clip", images: 2, steps: 6 });

  const stopping = { signal: "SIGINT", pattern: /"stage":"toy-clip objects","id":"1"/ } as const;
  const { code, stderr } = await interruptMaskwright(folder, [stopping], ...train("parts"));
  const last = JSON.parse(linesOf(stderr).at(-1) ?? "");
  expect([code, last.message]).toEqual([130, expect.stringMatching(/^train: stopped after \d of \d steps$/)]);
  expect((await maskwright(folder, ...train("parts"))).code).toBe(0);
  expect(outcome(join(folder, "parts"))).toEqual(outcome(join(folder, "whole")));

  const path = join(folder, "whole/weights.safetensors");
  expect(readFileSync(path).length).toBeLessThan(3e6);
  const file = openWeightFile(path);
  expect([...clipWeights(file, toyClipConfig).tensors.keys()]).toEqual([
    ...clipTensors(toyClipConfig).keys(),
  ]);
  expect(readWords(file, toyClipConfig.text.vocabulary).encode("a red car.")).not.toContain(0);
  file.close();
});
