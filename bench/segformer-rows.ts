/**
 * A whole step of SegFormer-B0 in a process of its own, spoken to as `engine-rows.ts` is: `segformer-rows.ts BATCH SIDE THREADS`. Bytes in, cross-entropy
 * of every pixel, stochastic depth, dropout, AdamW in groups.
 */
import { createInterface } from "node:readline";
import { random } from "../src/core/random.ts";
import type { Arrays } from "../src/engine/index.ts";
import { openNodeRuntime } from "../src/engine/node.ts";
import { drawDrops } from "../src/methods/segment/drops.ts";
import { compileSegmenterTraining } from "../src/methods/segment/training.ts";
import { segformerConfig } from "../src/models/segmenter/config.ts";
import { drawSegmenter } from "../src/models/segmenter/initial.ts";
import type { SegmenterNetwork } from "../src/models/segmenter/network.ts";
import { imageNetNormalization } from "../src/models/segmenter/normalization.ts";

const CLASSES = 21;
const [batch, side, threads] = process.argv.slice(2).map(Number);
const network: SegmenterNetwork = { kind: "segformer", config: segformerConfig("segformer-b0", CLASSES) };
const startMs = performance.now();
const trainer = await compileSegmenterTraining(
  { network, encoder: null, normalization: imageNetNormalization },
  await openNodeRuntime({ threads }),
  {
    ...{ batch, side, supervision: "classes", averaged: false, weightDecay: 0.01, headRate: 10 },
    start: { tensors: drawSegmenter(network, random(0)) },
  },
);
const openMs = performance.now() - startMs;
const { integer, next } = random("feed");
const bytes = (shape: readonly number[], of: () => number): Arrays[string] => ({
  dtype: "uint8",
  shape,
  data: Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, of),
});
const fed: Arrays = {
  pixels: bytes([batch, 3, side, side], () => integer(256)),
  labels: bytes([batch, side, side], () => (next() < 0.1 ? 255 : integer(CLASSES))),
};
console.log(`ready ${JSON.stringify({ openMs: Math.round(openMs) })}`);
let step = 0;
for await (const _ of createInterface({ input: process.stdin })) {
  const beganMs = performance.now();
  await trainer.step([{ ...fed, ...drawDrops(network, batch, `${step++}`) }], 6e-5);
  console.log((performance.now() - beganMs).toFixed(3));
}
console.log((process.resourceUsage().maxRSS / 1024).toFixed(0));
