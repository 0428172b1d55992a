/**
 * What float16 and int8 cost CLIP's CAMs in accuracy and bring in time on this CPU:
 * `npx tsx bench/clip-precision.ts NAME FOLDER [PHOTOS]`, the folder made by golden/clip/parity.py.
 *
 * The weights are random, and so are the texts. For each photo: the relative error of its embedding, of what enters the last block and of the CAMs
 * of six classes, the cosine of the CAMs, whose scale alone a seed does not see, and the share of pixels with the same label by the CAMs alone.
 */
import { join } from "node:path";
import type { NdArray } from "../src/core/array.ts";
import type { LabelMap } from "../src/core/label-map.ts";
import { random } from "../src/core/random.ts";
import { unitRows } from "../src/core/unit-rows.ts";
import { readIdList } from "../src/data/id-list.ts";
import { readPhoto } from "../src/data/photo.ts";
import type { Precision } from "../src/engine/index.ts";
import { openNodeRuntime, openWeightFile } from "../src/engine/node.ts";
import { seedFromCam } from "../src/methods/fma/cam-seed.ts";
import { createClipCam } from "../src/methods/fma/clip-cam.ts";
import { createClip } from "../src/models/clip/clip.ts";
import { type ClipVariant, clipConfigs } from "../src/models/clip/config.ts";
import { dataFolder } from "../src/testing/folders.ts";
import { relativeError } from "../src/testing/golden.ts";

/** As VOC's, with its 25 backgrounds. */
const [TEXTS, CLASSES] = [45, 20];
/** Enough that some have a map that is positive somewhere, and so a label. */
const PRESENT = [1, 5, 9, 13, 17, 20];
const [name, folder, count = "3"] = process.argv.slice(2);
const config = clipConfigs[name as ClipVariant];
const voc = dataFolder("voc2012");
if (voc === null) process.exit(1);
const ids = await readIdList(join(voc, "ImageSets/Segmentation/train_with_images.txt"));
const images = await Promise.all(
  ids.slice(0, Number(count)).map((id) => readPhoto(join(voc, `JPEGImages/${id}.jpg`))),
);
const texts = drawTexts();

interface Seen {
  readonly ms: number;
  readonly embedding: Float32Array;
  readonly lastInput: Float32Array;
  readonly cam: Float32Array;
  readonly labels: LabelMap;
}

const exact = await look("float32");
console.log("precision\tspeed-up\tembedding\tlast input\tCAM\tcosine\tsame labels");
for (const precision of ["float16", "int8"] as const) {
  const near = await look(precision);
  const errorOf = (what: "embedding" | "lastInput" | "cam"): string =>
    Math.max(...near.map((seen, k) => relativeError(seen[what], exact[k][what]))).toPrecision(2);
  const mean = (of: (seen: Seen, k: number) => number): string =>
    (near.map(of).reduce((sum, share) => sum + share, 0) / near.length).toFixed(4);
  const cells = [
    (fastest(exact) / fastest(near)).toFixed(2),
    ...[errorOf("embedding"), errorOf("lastInput"), errorOf("cam")],
    mean(({ cam }, k) => cosine(cam, exact[k].cam)),
    mean(({ labels }, k) => sameShare(labels, exact[k].labels)),
  ];
  console.log([precision, ...cells].join("\t"));
}

async function look(precision: Precision): Promise<Seen[]> {
  const runtime = await openNodeRuntime({ threads: 2 });
  const file = openWeightFile(join(folder, "weights.safetensors"));
  const clip = createClip(file, config, runtime, { precision });
  const { weights, logitScale: scale } = clip;
  const network = createClipCam({ weights, config }, runtime, { classCount: CLASSES, scale });
  await clip.encodeImage(images[0], { attentionBlocks: 8 });
  const seen: Seen[] = [];
  for (const image of images) {
    const startMs = performance.now();
    const encoding = await clip.encodeImage(image, { attentionBlocks: 8 });
    const ms = performance.now() - startMs;
    const { meanEmbedding: embedding, lastInput } = encoding;
    const cam = await network.camOf(encoding, texts, PRESENT);
    const labels = seedFromCam(cam, image, { background: { kind: "power", power: 1 } });
    seen.push({ ms, embedding, lastInput: lastInput.data, cam: cam.data, labels });
  }
  await network.dispose();
  await clip.dispose();
  file.close();
  return seen;
}

function drawTexts(): NdArray<"float32"> {
  const data = Float32Array.from({ length: TEXTS * config.dim }, random("texts").normal);
  return unitRows({ dtype: "float32", shape: [TEXTS, config.dim], data });
}

function cosine(a: Float32Array, b: Float32Array): number {
  const product = (x: Float32Array, y: Float32Array): number =>
    x.reduce((sum, value, k) => sum + value * y[k], 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

function sameShare(a: LabelMap, b: LabelMap): number {
  return a.data.reduce((same, id, p) => same + (id === b.data[p] ? 1 : 0), 0) / a.data.length;
}

function fastest(seen: readonly Seen[]): number {
  return Math.min(...seen.map(({ ms }) => ms));
}
