/** Steps of prompt training for `clip-rows.ts`: what they compute, on the published code's inputs. */
import type { NdArray } from "../src/core/array.ts";
import { foregroundClasses, type LabelMap } from "../src/core/label-map.ts";
import { compileTraining, type Runtime, type Trainer } from "../src/engine/index.ts";
import { type ClipSource, clipLastBlock, clipTextSide } from "../src/methods/fma/clip-sides.ts";
import { rowsPerRun, segmentationFeeds } from "../src/methods/fma/prompt-batches.ts";
import {
  CONTEXT_NAME,
  classificationTraining,
  promptOptimizer,
  segmentationTraining,
  type TextSide,
} from "../src/methods/fma/prompt-training.ts";
import { type Clip, layoutNames, type TextTokenizer } from "../src/models/index.ts";

type Floats = NdArray<"float32">;
type Get = <A extends NdArray = Floats>(name: string) => A;
type Step = () => Promise<{ readonly loss: Float32Array; readonly update: Float32Array }>;

/** As the published process has it. */
const RATE = 1;
const [CLASSES, BATCH, SIDE, PATCHES] = [20, 16, 224, 14];

export interface StepInputs {
  readonly clip: Clip;
  readonly source: ClipSource & { readonly folder: string };
  readonly runtime: Runtime;
  readonly get: Get;
}

export async function classificationStep(inputs: StepInputs): Promise<Step> {
  const { runtime, source, get } = inputs;
  const text = await textSide(inputs, "shared");
  const graph = classificationTraining(text, { batch: BATCH, embeddingLength: source.config.dim });
  const start = get("context");
  const trainer = await compileTraining(graph, runtime, optionsOf(start, source));
  const feeds = { pictures: get("pictures"), present: get("present") };
  return stepper(trainer, start, async () => [feeds]);
}

/** The pictures are encoded in each step, as published recipes need it. */
export async function segmentationStep(inputs: StepInputs): Promise<Step> {
  const { runtime, source, clip, get } = inputs;
  const { dim } = source.config.vision;
  const text = await textSide(inputs, "each");
  const grid = { height: PATCHES, width: PATCHES };
  const counts = mapsOf(get("labels")).map((labels) => foregroundClasses(labels).length);
  const options = {
    batch: BATCH,
    rows: rowsPerRun(counts, BATCH),
    grid,
    dim,
    labelSize: { height: SIDE, width: SIDE },
  };
  const graph = segmentationTraining(text, clipLastBlock(source), options);
  const start = get("context");
  const trainer = await compileTraining(graph, runtime, optionsOf(start, source));
  const pixels = get("pixels");
  const length = 3 * SIDE * SIDE;
  return stepper(trainer, start, async () => {
    const samples = [];
    for (const [k, labels] of mapsOf(get("labels")).entries()) {
      const data = pixels.data.subarray(k * length, (k + 1) * length);
      const { lastInput } = await clip.encodePixels({ dtype: "float32", shape: [1, 3, SIDE, SIDE], data });
      samples.push({ tokens: lastInput.data, classes: foregroundClasses(labels), labels: labels.data });
    }
    return segmentationFeeds(samples, { ...options, classCount: CLASSES });
  });
}

function mapsOf({ data }: NdArray<"int32">): LabelMap[] {
  const size = SIDE * SIDE;
  return Array.from({ length: data.length / size }, (_, k) => ({
    height: SIDE,
    width: SIDE,
    data: Uint8Array.from(data.subarray(k * size, (k + 1) * size)),
  }));
}

function optionsOf(start: Floats, { folder }: { readonly folder: string }) {
  return { start: { tensors: new Map([[CONTEXT_NAME, start]]) }, optimizer: promptOptimizer, folder };
}

function stepper(
  trainer: Trainer,
  { data: start }: Floats,
  feeds: () => Promise<Parameters<Trainer["step"]>[0]>,
): Step {
  let update: Float32Array | null = null;
  return async () => {
    const { loss } = await trainer.step(await feeds(), RATE);
    if (update === null) {
      const after = (await trainer.state()).tensors.get(CONTEXT_NAME) as Floats;
      update = after.data.map((value, k) => value - start[k]);
    }
    return { loss: Float32Array.of(loss), update };
  };
}

/** The published texts: their names are ids, written as words. */
async function textSide({ clip, source, get }: StepInputs, sharing: "shared" | "each"): Promise<TextSide> {
  const tokenizer: TextTokenizer = {
    startToken: 49_406,
    endToken: 49_407,
    encode: (text) =>
      text
        .replace(/\.$/, " 269")
        .split(" ")
        .flatMap((word) => (word === "" ? [] : [Number(word)])),
  };
  const { data, shape } = get<NdArray<"int32">>("ids");
  const names = Array.from({ length: shape[0] }, (_, g) =>
    [...data.subarray(g * shape[1], (g + 1) * shape[1])].filter((id) => id > 0).join(" "),
  );
  const namePosition = sharing === "each" ? "front" : "end";
  const layout = layoutNames(names, tokenizer, { contextLength: 16, namePosition, sharing });
  const vectors = await clip.lookUpTokens(layout.tokens);
  return clipTextSide(source, { layout, vectors, classCount: CLASSES, scale: clip.logitScale });
}
