/** One row of `sam-embed.ts` in a process of its own: `sam-embed-row.ts NAME WEIGHTS THREADS PICTURE …`, spoken to as a `Contender`. */
import { createInterface } from "node:readline";
import { readPhoto } from "../src/data/photo.ts";
import { openNodeRuntime, openWeightFile } from "../src/engine/node.ts";
import { createSam, type SamVariant, samConfigs } from "../src/models/index.ts";

const [name, weights, threads, ...pictures] = process.argv.slice(2);
const images = await Promise.all(pictures.map((picture) => readPhoto(picture)));
const runtime = await openNodeRuntime({ threads: Number(threads) });
const file = openWeightFile(weights);
const sam = createSam(file, samConfigs[name as SamVariant], runtime);
const startMs = performance.now();
await sam.embed(images[0]);
console.log(`ready ${JSON.stringify({ firstMs: performance.now() - startMs })}`);
let turn = 0;
for await (const _ of createInterface({ input: process.stdin })) {
  const beforeMs = performance.now();
  await sam.embed(images[turn++ % images.length]);
  console.log((performance.now() - beforeMs).toFixed(3));
}
console.log((process.resourceUsage().maxRSS / 1024).toFixed(0));
