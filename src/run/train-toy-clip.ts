import { join } from "node:path";
import type { NdArray } from "../core/array.ts";
import { toHalf } from "../core/half.ts";
import { random } from "../core/random.ts";
import { writeSafetensors } from "../core/safetensors.ts";
import { compileTraining, cosineRate, warmup } from "../engine/index.ts";
import { openWorkerRuntime } from "../engine/node.ts";
import { toyClipConfig } from "../models/clip/config.ts";
import { drawClip } from "../models/clip/initial.ts";
import { clipOptimizer, clipTraining, MAX_LOGIT_SCALE } from "../models/clip/training.ts";
import { WORDS_KEY } from "../models/clip/word-tokenizer.ts";
import { artifactKey } from "./artifact-key.ts";
import { type RunSummary, secondsSince, writeReport } from "./command.ts";
import { writeAtomically } from "./files.ts";
import { openRunDirectory } from "./run-directory.ts";
import type { WorkContext } from "./stage.ts";
import { toyWords } from "./toy-clip/words.ts";
import { runTraining } from "./train.ts";
import { version } from "./version.ts";

export interface TrainToyClipRequest {
  readonly out: string;
  readonly steps: number;
  /** Different scenes to learn from. */
  readonly scenes: number;
  readonly seed: number;
  readonly checkpointEvery: number;
  /** Threads that compute; the scenes are drawn beside them. */
  readonly threads: number;
}

export interface TrainToyClipReport extends RunSummary {
  readonly steps: number;
  /** What the last step reported. */
  readonly last: Readonly<Record<string, number>>;
}

/** Changes whenever the weights would. */
const TOY_CLIP_VERSION = 1;
/** Scenes of a step. */
const SCENES_OF_STEP = 16;
/** Squares of each, the whole one among them. */
const VIEWS = 4;
/** Tokens of a text. */
const LENGTH = 24;
const RATE = 7e-4;
const WARMUP_STEPS = 200;
const CLIP_NORM = 1;

/**
 * Trains `toy-clip` on drawn scenes: `OUT/weights.safetensors`, float16 with the words of its tokenizer, as it ships; a checkpoint, log and
 * page. A run that is stopped goes on from its last checkpoint, to the same bytes.
 */
export async function trainToyClip(
  request: TrainToyClipRequest,
  { pool, ...context }: WorkContext,
): Promise<TrainToyClipReport> {
  const startMs = performance.now();
  const { out, steps, scenes, seed, checkpointEvery, threads } = request;
  const options = { steps, scenes, seed, version: TOY_CLIP_VERSION };
  openRunDirectory(out, { command: "train toy-clip", options, inputs: {} }).journal.close();
  const runtime = await openWorkerRuntime({ threads });
  try {
    const { checkpoint, lines } = await runTraining(
      {
        name: "toy-clip",
        folder: out,
        config: { ...options, network: toyClipConfig, words: toyWords },
        seed,
        begin: () => ({ tensors: drawClip(toyClipConfig, random(`toy-clip ${seed}`)) }),
        open: (start) =>
          compileTraining(
            clipTraining(toyClipConfig, { batch: SCENES_OF_STEP * VIEWS, length: LENGTH }),
            runtime,
            {
              start,
              optimizer: clipOptimizer(toyClipConfig),
              clipNorm: CLIP_NORM,
            },
          ),
        batches: async (step) => [
          await pool.run("toy-clip", {
            ...{ seed, step, scenes },
            ...{ scenesOfStep: SCENES_OF_STEP, views: VIEWS, length: LENGTH },
          }),
        ],
        steps,
        schedule: warmup(cosineRate(RATE, steps), WARMUP_STEPS),
        checkpointEvery,
      },
      context,
    );
    const weights = encodeToyClip(checkpoint.tensors);
    writeAtomically(join(out, "weights.safetensors"), weights);
    const { step: _, ...last } = lines.at(-1) ?? { step: 0 };
    const report: TrainToyClipReport = {
      command: "train toy-clip",
      maskwright: version,
      options,
      images: scenes,
      steps,
      last,
      failures: [],
      fingerprint: artifactKey("toy-clip", [weights]),
      timing: { seconds: secondsSince(startMs) },
    };
    writeReport(out, report);
    return report;
  } finally {
    await runtime.close();
  }
}

/** The weights in half the bytes, with the words of the tokenizer. */
function encodeToyClip(tensors: ReadonlyMap<string, NdArray>): Uint8Array {
  const halves = new Map<string, NdArray>();
  for (const [name, { shape, data }] of tensors) {
    const values = data as Float32Array;
    const kept = name === "logit_scale" ? values.map((value) => Math.min(value, MAX_LOGIT_SCALE)) : values;
    halves.set(name, toHalf({ dtype: "float32", shape, data: kept }));
  }
  return writeSafetensors(halves, { [WORDS_KEY]: toyWords.join(" ") });
}
