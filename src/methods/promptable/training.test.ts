import { describe, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import { encodeRle } from "../../core/rle.ts";
import { type Arrays, constantRate, type Runtime, type Trainer, trainLoop } from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { drawSam } from "../../models/sam/initial.ts";
import { tinyHybridConfig } from "../../models/sam/testing/tiny-sam.ts";
import { drawSample } from "./sample.ts";
import { compilePromptTraining } from "./training.ts";

const GAUSSIAN = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix";
const runtime: Runtime = await openNodeRuntime({ threads: 1 });

function open(side: number, prompts: number, batch = 1): Promise<Trainer> {
  const tensors = drawSam(tinyHybridConfig, random("tiny"));
  return compilePromptTraining(tinyHybridConfig, runtime, { side, prompts, batch, start: { tensors } });
}

/** A bright disc and a bright square on gray. */
function sample(side: number, prompts: number): Arrays {
  const [height, width] = [64, 64];
  const disc = new Uint8Array(height * width);
  const square = new Uint8Array(height * width);
  const data = new Uint8Array(3 * height * width).fill(60);
  for (let y = 0, p = 0; y < height; y++)
    for (let x = 0; x < width; x++, p++) {
      if ((x - 18) ** 2 + (y - 40) ** 2 < 150) disc[p] = 1;
      if (x > 34 && x < 58 && y > 6 && y < 30) square[p] = 1;
      if (disc[p] === 1) data.fill(240, 3 * p, 3 * p + 2);
      if (square[p] === 1) data.fill(200, 3 * p + 1, 3 * p + 3);
    }
  const masks = [disc, square].map((bits) => encodeRle({ height, width, data: bits }));
  const picture = { image: { height, width, data }, masks };
  for (let seed = 3; ; seed++) {
    const drawn = drawSample(picture, { canvas: 64, side, prompts }, random(seed));
    if (drawn !== null) return drawn;
  }
}

describe("compilePromptTraining", () => {
  it("learns to answer boxes and clicks", async () => {
    const trainer = await open(64, 4);
    const batch = [sample(64, 4)];
    const lines: Readonly<Record<string, number>>[] = [];
    await trainLoop({
      batches: () => batch,
      step: (each, rate) => trainer.step(each, rate),
      steps: 120,
      schedule: constantRate(5e-3),
      onLog: ({ numbers }) => lines.push(numbers),
    });
    const { tensors } = await trainer.state();
    await trainer.dispose();
    // A box filled and a spot at a click are what it begins with.
    expect(lines[0].iou).toBeLessThan(0.7);
    expect(lines.at(-1)?.iou).toBeGreaterThan(0.95);
    expect(lines.at(-1)?.["iou with a click"]).toBeGreaterThan(0.95);
    // The directions of the position code stay as they were drawn.
    expect(tensors.get(GAUSSIAN)).toEqual(drawSam(tinyHybridConfig, random("tiny")).get(GAUSSIAN));
  });

  it("takes windows of the model's input", async () => {
    const trainer = await open(32, 2, 2);
    const numbers = await trainer.step([sample(32, 2), sample(32, 2)], 1e-3);
    await trainer.dispose();
    expect(Object.keys(numbers).sort()).toEqual(["gradient norm", "iou", "iou with a click", "loss"]);
    expect(numbers.loss).toBeGreaterThan(0);
    expect(numbers["gradient norm"]).toBeGreaterThan(0);
  });
});
