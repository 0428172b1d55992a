/**
 * One row of `prompter.ts` in a process of its own: `prompter-rows.ts BATCH FILE THREADS`. It writes weights and a batch to FILE, makes two
 * steps and says "ready" with their losses and some parameters after them, then answers each line on its standard input with the milliseconds
 * of one more training step; at the end of input it says its peak memory in MB. `golden/wps/prompter.py` does the same with that file.
 */
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { NdArray } from "../src/core/array.ts";
import { random } from "../src/core/random.ts";
import { writeSafetensors } from "../src/core/safetensors.ts";
import { openNodeRuntime } from "../src/engine/node.ts";
import { packTargets } from "../src/methods/wps/targets.ts";
import { compilePartTraining, PART_RATE } from "../src/methods/wps/training.ts";
import { partImageNetPrompter } from "../src/models/prompter/config.ts";
import { drawPrompter } from "../src/models/prompter/initial.ts";

/** Parts of a picture: PartImageNet has 4.65. */
const PARTS = 5;

const CHECKED_STEPS = 2;
/** Of each tensor. */
const VALUES = 8;

const [, , size, file, cores] = process.argv;
const [batch, threads] = [Number(size), Number(cores)];
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

const weights = drawPrompter(partImageNetPrompter, random("weights"));
const { features, classes: named, teacher } = feeds;
writeFileSync(
  file,
  writeSafetensors(
    new Map<string, NdArray>([
      ...weights,
      ["feed.features", features],
      ["feed.classes", { ...named, shape: [batch, PARTS] }],
      ["feed.teacher", { ...teacher, shape: [batch, PARTS, tokens, channels] }],
    ]),
  ),
);

const trainer = await compilePartTraining(partImageNetPrompter, await openNodeRuntime({ threads }), {
  batch,
  start: { tensors: weights },
});
const figures: Record<string, number> = {};
for (let k = 1; k <= CHECKED_STEPS; k++) figures[`loss ${k}`] = (await trainer.step([feeds], PART_RATE)).loss;
for (const [name, { data }] of (await trainer.state()).tensors)
  for (let k = 0; k < VALUES; k++) {
    const index = Math.floor(((2 * k + 1) * data.length) / (2 * VALUES));
    figures[`${name}[${index}]`] = Number(data[index]);
  }
console.log(`ready ${JSON.stringify(figures)}`);
for await (const _ of createInterface({ input: process.stdin })) {
  const stepMs = performance.now();
  await trainer.step([feeds], PART_RATE);
  console.log((performance.now() - stepMs).toFixed(3));
}
console.log((process.resourceUsage().maxRSS / 1024).toFixed(0));
