/**
 * What labeling the pixels of large photos takes: `predict` with a SegFormer-B0 of 21 classes and random weights, on one photo of 1, 25 and 100
 * megapixels, as it is trained to look at photos, and through a window at eight times that size.
 *
 *     npm run build && npx tsx bench/large-photos.ts
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { random } from "../src/core/random.ts";
import { writeSafetensors } from "../src/core/safetensors.ts";
import { segformerConfig } from "../src/models/segmenter/config.ts";
import { drawSegmenter } from "../src/models/segmenter/initial.ts";
import { imageNetNormalization } from "../src/models/segmenter/normalization.ts";
import { measureProgram } from "./lib/measure.ts";

const SIDES = [1_000, 5_000, 10_000];
const LOOKS = { whole: [], "window, 8 times as large": ["--sliding", "--scales", "8"] };
const classes = ["background", ...Array.from({ length: 20 }, (_, k) => `class ${k + 1}`)];

const folder = mkdtempSync(join(tmpdir(), "maskwright-large-"));
try {
  const checkpoint = join(folder, "checkpoint.safetensors");
  writeCheckpoint(checkpoint);
  console.log("| look | megapixels | seconds | peak MiB |\n| --- | --- | --- | --- |");
  for (const side of SIDES) await writePhoto(join(folder, String(side)), side);
  for (const [look, flags] of Object.entries(LOOKS))
    for (const side of SIDES) {
      const out = join(folder, "out");
      const images = join(folder, String(side));
      const args = ["predict", images, "--checkpoint", checkpoint, ...flags, "-o", out];
      const { seconds, peakMib } = await measureProgram(...args);
      console.log(`| ${look} | ${side ** 2 / 1e6} | ${seconds.toFixed(1)} | ${peakMib.toFixed(0)} |`);
      rmSync(out, { recursive: true });
    }
} finally {
  rmSync(folder, { recursive: true });
}

function writeCheckpoint(path: string): void {
  const network = { kind: "segformer", config: segformerConfig("segformer-b0", classes.length) } as const;
  const model = { kind: "segmenter", network, classes, normalization: imageNetNormalization, side: 512 };
  const config = JSON.stringify({ ...model, training: {} });
  writeFileSync(path, writeSafetensors(drawSegmenter(network, random(1)), { config }));
}

/** Blurred noise. */
async function writePhoto(folder: string, side: number): Promise<void> {
  mkdirSync(folder);
  const r = random("photo");
  const noise = Uint8Array.from({ length: 3 * 100 * 100 }, () => r.integer(256));
  const photo = sharp(noise, { raw: { width: 100, height: 100, channels: 3 } }).resize(side, side);
  await photo.jpeg().toFile(join(folder, "photo.jpg"));
}
