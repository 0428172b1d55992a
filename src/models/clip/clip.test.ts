import { afterAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import {
  byteSource,
  compile,
  createGraph,
  frozenWeights,
  input,
  openWeights,
  type Runtime,
} from "../../engine/index.ts";
import { relativeError } from "../../testing/golden.ts";
import { tryRuntime } from "../../testing/runtime.ts";
import { createClip } from "./clip.ts";
import { preprocessClipImage } from "./preprocess.ts";
import { letterTokenizer, randomTensors, tinyConfig } from "./testing/tiny-clip.ts";
import { layoutNames } from "./text-layout.ts";
import { encodeClipImage, mergeAttention } from "./vision.ts";
import { clipWeights } from "./weights.ts";

const runtime = await tryRuntime("clip");

function noise(height: number, width: number): { height: number; width: number; data: Uint8Array } {
  const { integer } = random(`${height} ${width}`);
  return { height, width, data: Uint8Array.from({ length: height * width * 3 }, () => integer(256)) };
}

describe.skipIf(runtime === null)("Clip", () => {
  const session = runtime as Runtime;
  const file = openWeights(byteSource(writeSafetensors(randomTensors(tinyConfig))), "tiny.safetensors");
  const clip = createClip(file, tinyConfig, session);
  afterAll(() => clip.dispose());

  /** The encoder of one size with everything in it. */
  async function reference(
    pixels: NdArray<"float32">,
    blocks: number,
  ): Promise<Record<string, Float32Array>> {
    const graph = createGraph();
    const weights = frozenWeights(graph, clipWeights(file, tinyConfig));
    const encoded = encodeClipImage(weights, input(graph, "pixels", pixels.shape), tinyConfig);
    const { classEmbedding, meanEmbedding, patchEmbeddings, activation } = encoded;
    const outputs = {
      classEmbedding,
      meanEmbedding,
      patchEmbeddings,
      activation,
      lastInput: encoded.blocks[encoded.blocks.length - 2],
      attention: mergeAttention(encoded.attention, blocks),
    };
    const executable = await compile(outputs, session);
    const arrays = await executable.run({ pixels });
    await executable.dispose();
    return Object.fromEntries(Object.entries(arrays).map(([name, { data }]) => [name, data as Float32Array]));
  }

  // The last is beyond what one network serves, and is computed in blocks of queries.
  for (const [height, width] of [
    [6, 6],
    [1, 1],
    [4, 9],
    [1, 40],
    [90, 92],
  ])
    it(`encodes ${height}×${width} pixels as the whole graph of that size`, async () => {
      const image = noise(height, width);
      const wanted = await reference(preprocessClipImage(image, tinyConfig.vision.patch), 2);
      const got = await clip.encodeImage(image, { attentionBlocks: 2 });
      const { patchEmbeddings, lastInput, activation, attention } = got;
      expect(got.grid).toEqual({ height: Math.ceil(height / 2), width: Math.ceil(width / 2) });
      const count = got.grid.height * got.grid.width;
      expect(patchEmbeddings.shape).toEqual([count, 5]);
      expect(attention?.shape).toEqual([count, count]);
      expect(relativeError(got.classEmbedding, wanted.classEmbedding)).toBeLessThan(1e-5);
      expect(relativeError(got.meanEmbedding, wanted.meanEmbedding)).toBeLessThan(1e-5);
      expect(relativeError(patchEmbeddings.data, wanted.patchEmbeddings)).toBeLessThan(1e-5);
      expect(relativeError(lastInput.data, wanted.lastInput)).toBeLessThan(1e-5);
      expect(relativeError(activation.data, wanted.activation)).toBeLessThan(1e-5);
      expect(relativeError(attention?.data ?? [], wanted.attention)).toBeLessThan(1e-5);
    });

  it("gives no attention unless asked, and refuses more blocks than there are", async () => {
    expect(await clip.encodeImage(noise(2, 2))).not.toHaveProperty("attention");
    await expect(clip.encodeImage(noise(2, 2), { attentionBlocks: 4 })).rejects.toThrow(
      "mergeAttention: count: expected an integer from 1 to 3, got 4 (number)",
    );
  });

  it("refuses pictures of too many patches before it resizes them", async () => {
    const large = { height: 2, width: 2 * 16_385, data: new Uint8Array(0) };
    await expect(clip.encodeImage(large)).rejects.toThrow("at most 16384 patches of 2×2 pixels");
  });

  it("takes pixels of one picture that patches fill", async () => {
    const pixels = (...shape: number[]): NdArray<"float32"> => ({
      dtype: "float32",
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b)),
    });
    await expect(clip.encodePixels(pixels(2, 3, 4, 4))).rejects.toThrow(
      "encodePixels: pixels: expected [1, 3, H, W], got [2, 3, 4, 4]",
    );
    await expect(clip.encodePixels(pixels(1, 3, 4, 5))).rejects.toThrow(
      "encodeClipImage: image: expected [B, 3, H, W] with sides that are multiples of 2, got [1, 3, 4, 5]",
    );
  });

  it("encodes each text as it does alone, however long the others are", async () => {
    const texts = ["", "a", "to be", "abcdefghij"];
    const together = await clip.encodeTexts(texts, letterTokenizer);
    expect(together.shape).toEqual([4, 5]);
    for (const [g, text] of texts.entries()) {
      const alone = await clip.encodeTexts([text], letterTokenizer);
      expect(relativeError(alone.data, together.data.subarray(g * 5, (g + 1) * 5))).toBeLessThan(1e-5);
    }
    await expect(clip.encodeTexts(["abcdefghijk"], letterTokenizer)).rejects.toThrow(
      'layoutTexts: "abcdefghijk": expected at most 12 tokens, start and end included, got 13 (number)',
    );
  });

  it("encodes a context of words as the words", async () => {
    const words = await clip.encodeTexts(["x y cat."], letterTokenizer);
    const context = await clip.lookUpTokens(letterTokenizer.encode("xy"));
    const layout = layoutNames(["cat"], letterTokenizer, { contextLength: 2 });
    expect((await clip.encodeLayout(layout, context)).data).toEqual(words.data);
    await expect(clip.encodeLayout(layout)).rejects.toThrow(
      "encodeLayout: context: expected [1, 2, 6], got [0]",
    );
    await expect(clip.lookUpTokens([1, 30])).rejects.toThrow("lookUpTokens: ids: expected integers below 30");
  });

  it("works again after its memory was freed", async () => {
    const before = await clip.encodeImage(noise(4, 4));
    await clip.dispose();
    expect(await clip.encodeImage(noise(4, 4))).toEqual(before);
  });

  it("has the factor on similarities", () => {
    const scale = randomTensors(tinyConfig).get("logit_scale")?.data[0] ?? 0;
    expect(clip.logitScale).toBeCloseTo(Math.exp(scale), 6);
  });
});
