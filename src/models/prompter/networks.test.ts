import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import { byteSource, openWeights } from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import type { PrompterConfig } from "./config.ts";
import { drawPrompter } from "./initial.ts";
import { createPrompter, type Prompter } from "./networks.ts";
import { tinyPrompter } from "./testing/tiny-prompter.ts";

async function prompterOf(config: PrompterConfig): Promise<Prompter> {
  const file = openWeights(byteSource(writeSafetensors(drawPrompter(config, random(3)))), "tiny.safetensors");
  return createPrompter(file, config, await openNodeRuntime({ threads: 1 }));
}

function features({ channels, grid }: PrompterConfig, seed: number): NdArray<"float32"> {
  const { normal } = random(seed);
  const data = Float32Array.from({ length: channels * grid * grid }, normal);
  return { dtype: "float32", shape: [1, channels, grid, grid], data };
}

describe("createPrompter", () => {
  it("gives logits and tokens of every query, and again after it was disposed of", async () => {
    const prompter = await prompterOf(tinyPrompter);
    const first = await prompter.prompt(features(tinyPrompter, 1));
    expect(first.logits.shape).toEqual([3, 3]);
    expect(first.tokens.shape).toEqual([3, 2, 16]);
    expect(new Set(first.tokens.data).size).toBe(3 * 2 * 16);
    await prompter.dispose();
    expect(await prompter.prompt(features(tinyPrompter, 1))).toEqual(first);
    expect(await prompter.prompt(features(tinyPrompter, 2))).not.toEqual(first);
    await prompter.dispose();
    await prompter.dispose();
  });

  it("takes any grid, one cell among them, and another width than the embedding's", async () => {
    for (const grid of [1, 5]) {
      const config = { ...tinyPrompter, grid, strides: [1, 2], tokens: 1, encoderLayers: 1 } as const;
      const prompter = await prompterOf(config);
      expect((await prompter.prompt(features(config, 1))).tokens.shape).toEqual([3, 1, 16]);
      await prompter.dispose();
    }
  });

  it("refuses the embedding of another model", async () => {
    const prompter = await prompterOf(tinyPrompter);
    await expect(prompter.prompt(features({ ...tinyPrompter, grid: 8 }, 1))).rejects.toThrow("features");
    await prompter.dispose();
  });
});
