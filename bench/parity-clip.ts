/**
 * CLIP at full size against the published code, on the same seeded random weights:
 * `python3 golden/clip/parity.py NAME CLIP FMA PICTURE FOLDER`, then `npx tsx bench/parity-clip.ts NAME FOLDER`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { NdArray } from "../src/core/array.ts";
import { readSafetensors } from "../src/core/safetensors.ts";
import { unitVector } from "../src/core/unit-rows.ts";
import { openNodeRuntime, openWeightFile } from "../src/engine/node.ts";
import { createClip } from "../src/models/clip/clip.ts";
import { type ClipVariant, clipConfigs } from "../src/models/clip/config.ts";
import { preprocessClipImage } from "../src/models/clip/preprocess.ts";
import type { TextTokenizer } from "../src/models/clip/tokenizer.ts";
import { relativeError } from "../src/testing/golden.ts";

const [name, folder] = process.argv.slice(2);
const config = clipConfigs[name as ClipVariant];
const file = openWeightFile(join(folder, "weights.safetensors"));
const stored = { folder, name: "weights.safetensors" };
const clip = createClip(file, config, await openNodeRuntime(), { stored });
const published = readSafetensors(readFileSync(join(folder, "parity.safetensors")));
const get = (key: string): NdArray<"float32"> => published.get(key) as NdArray<"float32">;

const report = (key: string, got: ArrayLike<number>): void =>
  console.log(`${name}\t${key} [${get(key).shape}]\t${relativeError(got, get(key).data).toExponential(1)}`);

const [height, width] = get("image").shape;
const image = { height, width, data: published.get("image")?.data as Uint8Array };
report("dense.pixels", preprocessClipImage(image, config.vision.patch).data);

const trained = await clip.encodePixels(get("trained.pixels"));
report("trained.classEmbedding", trained.classEmbedding);
const dense = await clip.encodeImage(image, { attentionBlocks: Math.min(8, config.vision.depth) });
report("dense.classEmbedding", dense.classEmbedding);
report("dense.meanEmbedding", dense.meanEmbedding);
report("dense.patchEmbeddings", dense.patchEmbeddings.data);
report("dense.activation", dense.activation.data);
report("dense.attention", dense.attention?.data ?? []);

// The texts are ids, written as words.
const ids: TextTokenizer = {
  startToken: 49_406,
  endToken: 49_407,
  encode: (text) => (text === "" ? [] : text.split(" ").map(Number)),
};
const { data, shape } = published.get("texts.ids") as NdArray<"int32">;
const texts = Array.from({ length: shape[0] }, (_, g) => {
  const row = data.subarray(g * shape[1], (g + 1) * shape[1]);
  return row.slice(1, row.indexOf(ids.endToken)).join(" ");
});
const features = (await clip.encodeTexts(texts, ids)).data;
report("texts.features", features);
const rows = texts.map((_, g) => unitVector(features.subarray(g * config.dim, (g + 1) * config.dim)));
const picture = unitVector(trained.classEmbedding);
report(
  "logits",
  rows.map((row) => clip.logitScale * row.reduce((sum, value, d) => sum + value * picture[d], 0)),
);
await clip.dispose();
file.close();
