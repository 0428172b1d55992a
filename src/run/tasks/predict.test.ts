import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import type { NdArray } from "../../core/array.ts";
import type { RgbImage } from "../../core/image.ts";
import type { LabelMap } from "../../core/label-map.ts";
import { random } from "../../core/random.ts";
import { resizeImage } from "../../core/resize.ts";
import { readLabelMap } from "../../data/label-file.ts";
import type { PartPredictionsJson } from "../../data/part-predictions.ts";
import { encodeJpeg, readPhoto } from "../../data/photo.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { drawPrompter } from "../../models/prompter/initial.ts";
import { createPrompter } from "../../models/prompter/networks.ts";
import { tinyPrompter } from "../../models/prompter/testing/tiny-prompter.ts";
import { createSam } from "../../models/sam/sam.ts";
import { noise, randomTensors, tinyConfig, weightFile } from "../../models/sam/testing/tiny-sam.ts";
import { makePng } from "../../testing/png.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import type { ItemResult } from "../stage.ts";
import { type PredictResult, predictItem } from "./predict.ts";

/** The networks of published checkpoints in little: what places pictures does not know of their size. */
vi.mock("../masks/thread-model.ts", async () => {
  const runtime = await openNodeRuntime({ threads: 1 });
  const sam = createSam(weightFile(randomTensors(tinyConfig)), tinyConfig, runtime);
  return { threadModel: async () => sam };
});

vi.mock("../parts/thread-prompter.ts", async () => {
  const drawn: ReadonlyMap<string, NdArray> = drawPrompter(tinyPrompter, random(1));
  // No query says "no object", which comes last.
  const bias = { dtype: "float32", shape: [3], data: Float32Array.of(0, 0, -100) } as const;
  const file = weightFile(new Map([...drawn, ["class_embed.bias", bias]]));
  const prompter = createPrompter(file, tinyPrompter, await openNodeRuntime({ threads: 1 }));
  return { threadPrompter: async () => ({ prompter }) };
});

interface Predicted extends ItemResult<PredictResult> {
  readonly labels: LabelMap;
  readonly parts: PartPredictionsJson;
}

/** What is found in a photo, and the files that say so. */
async function predict(
  folder: string,
  name: string,
  frame: "sam" | "center",
  knownKey: string | null = null,
): Promise<Predicted> {
  const out = { parts: join(folder, `${frame} ${name}.json`), labels: join(folder, `${frame} ${name}.png`) };
  const classes = ["background", "wheel", "door"];
  const prompter = {
    ...({
      path: "",
      sha256: "",
      model: null,
      prompts: "box",
      frame,
      tokens: "raw",
      network: tinyPrompter,
    } as const),
    ...{ classes, categoryIds: [0, 7, 3] },
  };
  const model = {
    name: "tiny",
    sha256: "",
    precision: "float32",
    device: "cpu",
    threads: 1,
    cache: null,
  } as const;
  const task = {
    ...{ id: name, photo: join(folder, name), file: name, truth: null, out, stage: "stage", knownKey },
    finder: { prompter, model, tokens: "raw" } as const,
  };
  return {
    ...(await predictItem(task)),
    labels: readLabelMap(out.labels),
    parts: JSON.parse(readFileSync(out.parts, "utf8")),
  };
}

/** The rows of a picture, with black above and below. */
function inSquare({ height, width, data }: RgbImage): Uint8Array {
  const samples = new Uint8Array(width * width * 3);
  samples.set(data, ((width - height) / 2) * width * 3);
  return makePng({ height: width, width, colorType: 2, samples });
}

it("puts a photo in the middle of the square that a published checkpoint was trained on", async () => {
  const folder = temporaryFolder();
  writeTree(folder, {
    "photo.jpg": await encodeJpeg(resizeImage(noise(4, 16), { height: 256, width: 1024 }, "bilinear")),
  });
  const photo = await readPhoto(join(folder, "photo.jpg"));
  writeTree(folder, { "square.png": inSquare(photo) });
  const [center, square, corner] = [
    await predict(folder, "photo.jpg", "center"),
    await predict(folder, "square.png", "sam"),
    await predict(folder, "photo.jpg", "sam"),
  ];
  const { height, width, data } = center.labels;
  expect({ height, width }).toEqual({ height: 256, width: 1024 });
  const middle = square.labels.data.subarray(384 * 1024, 640 * 1024);
  expect(Buffer.compare(data, middle)).toBe(0);
  expect(new Set(data).size).toBeGreaterThan(1);
  expect(Buffer.compare(data, corner.labels.data)).not.toBe(0);
  const { images, annotations, categories } = center.parts;
  expect(images).toEqual([{ file_name: "photo.jpg", height: 256, id: 1, width: 1024 }]);
  expect(categories.map(({ id }) => id)).toEqual([7, 3]);
  expect(annotations.length).toBe(center.result?.parts);
  expect(annotations[0]).toMatchObject({ segmentation: { size: [256, 1024] } });
});

it("keeps what is there of the same photo", async () => {
  const folder = temporaryFolder();
  writeTree(folder, { "photo.jpg": await encodeJpeg(noise(2, 3)) });
  const { key } = await predict(folder, "photo.jpg", "sam");
  expect(await predict(folder, "photo.jpg", "sam", key)).toMatchObject({ key, result: null });
  expect((await predict(folder, "photo.jpg", "sam", "another")).result).not.toBeNull();
});
