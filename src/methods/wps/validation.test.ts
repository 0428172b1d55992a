import { expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { drawPrompter } from "../../models/prompter/initial.ts";
import { tinyPrompter } from "../../models/prompter/testing/tiny-prompter.ts";
import { packTargets } from "./targets.ts";
import { compilePartTraining } from "./training.ts";
import { type HeldPicture, validateParts } from "./validation.ts";

const { channels, grid, tokens } = tinyPrompter;

function noise(seed: string, shape: readonly number[]): NdArray<"float32"> {
  const { normal } = random(seed);
  const count = shape.reduce((a, b) => a * b, 1);
  return { dtype: "float32", shape, data: Float32Array.from({ length: count }, normal) };
}

/** Pictures of so many parts each, of the first class. */
const heldPictures = (counts: readonly number[]): HeldPicture[] =>
  counts.map((count, k) => ({
    features: noise(`picture ${k}`, [1, channels, grid, grid]),
    targets: { classIds: Array(count).fill(1), tokens: noise(`tokens ${k}`, [count, tokens, channels]) },
  }));

async function* oneByOne<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

it("gives what a step of the same pictures reports, and changes nothing", async () => {
  const pictures = heldPictures([2, 0, 4]);
  const trainer = await compilePartTraining(tinyPrompter, await openNodeRuntime({ threads: 1 }), {
    batch: 3,
    start: { tensors: drawPrompter(tinyPrompter, random(1)) },
  });
  const before = await trainer.state();
  const found = await validateParts(trainer, oneByOne(pictures));
  expect(await trainer.state()).toEqual(before);

  const data = pictures.flatMap(({ features }) => Array.from(features.data));
  const features = {
    dtype: "float32",
    shape: [3, channels, grid, grid],
    data: Float32Array.from(data),
  } as const;
  const targets = packTargets(
    pictures.map((picture) => picture.targets),
    [tokens, channels],
  );
  const reported = await trainer.step([{ features, ...targets }], 1e-3);
  // Four parts for three queries.
  expect(found["left over"]).toBe(1);
  expect(Object.keys(found).sort()).toEqual(Object.keys(reported).sort());
  for (const [name, value] of Object.entries(found)) expect(value, name).toBeCloseTo(reported[name], 5);
  await trainer.dispose();
});
