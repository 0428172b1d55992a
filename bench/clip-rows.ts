/** One row of `clip.ts` in a process of its own: `clip-rows.ts ROW FOLDER THREADS`, spoken to as a `Contender`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { NdArray } from "../src/core/array.ts";
import { readSafetensors } from "../src/core/safetensors.ts";
import { openNodeRuntime, openWeightFile } from "../src/engine/node.ts";
import { type Clip, clipConfigs, createClip, layoutTexts, type TextTokenizer } from "../src/models/index.ts";
import { relativeError } from "../src/testing/golden.ts";
import { classificationStep, type StepInputs, segmentationStep } from "./clip-steps.ts";

type Floats = NdArray<"float32">;

const [name, folder, threads] = process.argv.slice(2);
const stored = { folder, name: "weights.safetensors" };
const runtime = await openNodeRuntime({ threads: Number(threads) });
const config = clipConfigs["clip-vit-b-16"];
const clip = createClip(openWeightFile(join(folder, stored.name)), config, runtime, { stored });
const published = readSafetensors(readFileSync(join(folder, "published.safetensors")));
const get = <A extends NdArray = Floats>(key: string): A => published.get(key) as A;
const source = { weights: clip.weights, config, frozen: { location: stored.name }, folder };
const steps: StepInputs = { clip, source, runtime, get };

/** What a row computes, by the names of the published results. */
type Run = () => Promise<Readonly<Record<string, Float32Array>>>;
type Row = (clip: Clip) => Run | Promise<Run>;

const rows: Readonly<Record<string, Row>> = {
  image: (clip) => async () => {
    const { classEmbedding } = await clip.encodePixels(get("pixels"));
    return { classEmbedding };
  },
  cam: (clip) => async () => {
    const encoded = await clip.encodePixels(get("pixels"), { attentionBlocks: 8 });
    const { meanEmbedding, patchEmbeddings, activation, attention } = encoded;
    return {
      meanEmbedding,
      patchEmbeddings: patchEmbeddings.data,
      activation: activation.data,
      attention: (attention as Floats).data,
    };
  },
  texts: (clip) => {
    // The texts are ids, written as words.
    const ids: TextTokenizer = {
      startToken: 49_406,
      endToken: 49_407,
      encode: (text) => text.split(" ").map(Number),
    };
    const { data, shape } = published.get("ids") as NdArray<"int32">;
    const texts = Array.from({ length: shape[0] }, (_, g) => {
      const row = data.subarray(g * shape[1], (g + 1) * shape[1]);
      return row.slice(1, row.indexOf(ids.endToken)).join(" ");
    });
    const layout = layoutTexts(texts, ids);
    return async () => ({ features: (await clip.encodeLayout(layout)).data });
  },
  classification: () => classificationStep(steps),
  "classification-kept": () => classificationStep(steps),
  segmentation: () => segmentationStep(steps),
};

const run = await rows[name](clip);
const startMs = performance.now();
const results = await run();
const firstMs = performance.now() - startMs;
for (const [key, got] of Object.entries(results)) {
  const error = relativeError(got, get(key).data);
  // A step of SGD takes the gradient through more layers.
  if (!(error < (key === "update" ? 1e-3 : 1e-4)))
    throw new Error(`${key} differs from the published one by ${error}`);
}
console.log(`ready ${JSON.stringify({ firstMs })}`);
for await (const _ of createInterface({ input: process.stdin })) {
  const beforeMs = performance.now();
  await run();
  console.log((performance.now() - beforeMs).toFixed(3));
}
console.log((process.resourceUsage().maxRSS / 1024).toFixed(0));
