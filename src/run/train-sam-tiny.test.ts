import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeSafetensors } from "../core/safetensors.ts";
import { quietContext } from "../testing/progress.ts";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import type { Pool } from "./pool.ts";
import { samTinyRecipe } from "./promptable/sam-tiny-recipe.ts";
import { type TrainSamTinyRequest, trainSamTiny } from "./train-sam-tiny.ts";

const pool: Pool = {
  run: () => Promise.reject(new Error("nothing to be drawn")),
} as unknown as Pool;

/** What is said of a request, after which there is no run. */
async function refusal(folder: string, request: Partial<TrainSamTinyRequest>): Promise<unknown> {
  const out = join(folder, "out");
  const error: unknown = await trainSamTiny(
    {
      ...{ photos: null, out, recipe: samTinyRecipe, init: null, seed: 0 },
      ...{ checkpointEvery: 1, device: "cpu", threads: 1 },
      ...request,
    },
    quietContext(pool),
  ).catch((error: unknown) => error);
  expect(existsSync(out)).toBe(false);
  return error;
}

describe("trainSamTiny", () => {
  it("wants a step before there is a run", async () => {
    const recipe = { ...samTinyRecipe, windowSteps: 0, wholeSteps: 0 };
    expect(await refusal(temporaryFolder(), { recipe })).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "train sam-tiny: expected at least one step, got none",
    });
  });

  it("wants first weights of its network before there is a run", async () => {
    const folder = temporaryFolder();
    const bytes = writeSafetensors(
      new Map([["query.weight", { dtype: "float32", shape: [1], data: Float32Array.of(1) }]]),
    );
    writeTree(folder, { "prompter.safetensors": bytes });
    expect(await refusal(folder, { init: join(folder, "prompter.safetensors") })).toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(
        /prompter\.safetensors: expected "image_encoder\.[^"]+" \[.*\], got none$/,
      ),
    });
  });
});
