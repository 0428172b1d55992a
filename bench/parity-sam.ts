/**
 * Compares with the published code, at full size: `npx tsx bench/parity-sam.ts FOLDER …`, each made by golden/sam/parity.py. One row for
 * each tensor: the largest difference over the largest value.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { NdArray } from "../src/core/array.ts";
import type { RgbImage } from "../src/core/image.ts";
import { readSafetensors } from "../src/core/safetensors.ts";
import { openNodeRuntime, openWeightFile } from "../src/engine/node.ts";
import {
  createSam,
  type Prompt,
  predictedMask,
  type SamVariant,
  samConfigs,
  upscaleLogits,
} from "../src/models/index.ts";
import { readJson } from "../src/testing/folders.ts";
import { relativeError } from "../src/testing/golden.ts";

interface Case {
  readonly name: SamVariant;
  readonly prompts: readonly {
    readonly points?: readonly (readonly [number, number])[];
    readonly box?: readonly (readonly [number, number])[];
  }[];
}

console.log("model\ttensor\tworst relative error\tpixels of masks that differ");
const runtime = await openNodeRuntime();
for (const folder of process.argv.slice(2)) await compare(folder);

async function compare(folder: string): Promise<void> {
  const { name, prompts } = readJson<Case>(folder, "parity.json");
  const theirs = readSafetensors(readFileSync(join(folder, "parity.safetensors")));
  const tensor = (key: string): NdArray<"float32"> => theirs.get(key) as NdArray<"float32">;
  const row = (key: string, got: ArrayLike<number>, wanted: ArrayLike<number>, flips = ""): void =>
    console.log([name, key, relativeError(got, wanted).toExponential(1), flips].join("\t"));

  const file = openWeightFile(join(folder, "weights.pth"));
  const sam = createSam(file, samConfigs[name], runtime);
  const embedding = await sam.embed(toImage(theirs.get("image") as NdArray<"uint8">));
  row("embedding", embedding.features.data, tensor("embedding").data);
  for (const [k, given] of prompts.entries()) {
    const prediction = await sam.decode(embedding, toPrompt(given));
    const at = `prompt${k}`;
    const what = given.box === undefined ? `${given.points?.length} points` : "box";
    row(`${what}: low-resolution logits`, prediction.logits.data, tensor(`${at}.low`).data);
    row(`${what}: predicted IoU`, prediction.predictedIou, tensor(`${at}.iou`).data);
    const wanted = tensor(`${at}.logits`).data;
    const own = [0, 1, 2].map((m) => upscaleLogits(prediction, m).data);
    const masks = [0, 1, 2].flatMap((m) => [...predictedMask(prediction, m).data]);
    const flips = masks.filter((value, p) => value !== Number(wanted[p] > 0)).length;
    const logits = Float32Array.from(own.flatMap((data) => [...data]));
    row(`${what}: logits of the picture's size`, logits, wanted, `${flips} of ${masks.length}`);
  }
  await sam.dispose();
  file.close();
}

function toImage({ shape, data }: NdArray<"uint8">): RgbImage {
  return { height: shape[0], width: shape[1], data };
}

function toPrompt({ points = [], box }: Case["prompts"][number]): Prompt {
  return {
    points: points.map(([x, y]) => ({ x, y, positive: true })),
    ...(box !== undefined && { box: { x0: box[0][0], y0: box[0][1], x1: box[1][0], y1: box[1][1] } }),
  };
}
