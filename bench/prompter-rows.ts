/**
 * One row of `prompter.ts` in a process of its own: `prompter-rows.ts BATCH THREADS`. It says "ready {figures}", then answers each line on its
 * standard input with the milliseconds of one more training step; at the end of input it says its peak memory in MB. `prompter_torch.py`
 * does the same.
 */
import { createInterface } from "node:readline";
import type { NdArray } from "../src/core/array.ts";
import { random } from "../src/core/random.ts";
import { openNodeRuntime } from "../src/engine/node.ts";
import { packTargets } from "../src/methods/wps/targets.ts";
import { compilePartTraining, PART_RATE } from "../src/methods/wps/training.ts";
import { partImageNetPrompter } from "../src/models/prompter/config.ts";
import { drawPrompter } from "../src/models/prompter/initial.ts";

/** Parts of a picture: PartImageNet has 4.65. */
const PARTS = 5;

const [batch, threads] = process.argv.slice(2).map(Number);
const { channels, grid, tokens, classes } = partImageNetPrompter;
const { normal, integer } = random("feed");
const noise = (...shape: number[]): NdArray<"float32"> => ({
  dtype: "float32",
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, normal),
});
const targets = Array.from({ length: batch }, () => ({
  classIds: Array.from({ length: PARTS }, () => 1 + integer(classes)),
  tokens: noise(PARTS, tokens, channels),
}));
const feeds = { features: noise(batch, channels, grid, grid), ...packTargets(targets, [tokens, channels]) };

const startMs = performance.now();
const trainer = await compilePartTraining(partImageNetPrompter, await openNodeRuntime({ threads }), {
  batch,
  start: { tensors: drawPrompter(partImageNetPrompter, random("weights")) },
});
console.log(`ready ${JSON.stringify({ openMs: performance.now() - startMs })}`);
for await (const _ of createInterface({ input: process.stdin })) {
  const stepMs = performance.now();
  await trainer.step([feeds], PART_RATE);
  console.log((performance.now() - stepMs).toFixed(3));
}
console.log((process.resourceUsage().maxRSS / 1024).toFixed(0));
