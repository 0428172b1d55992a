import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { elementCount, type NdArray } from "../../core/array.ts";
import { float32ToHalf } from "../../core/half.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import {
  byteSource,
  compile,
  createGraph,
  frozenWeights,
  input,
  openWeights,
  type WeightFile,
} from "../../engine/index.ts";
import { openNodeRuntime, openWeightFile } from "../../engine/node.ts";
import { readJson } from "../../testing/folders.ts";
import { relativeError } from "../../testing/golden.ts";
import { createClip } from "./clip.ts";
import { type ClipConfig, type ClipVariant, clipConfigs } from "./config.ts";
import { readFloats } from "./derived-tensors.ts";
import { configOf, type GoldenCases } from "./testing/golden-clip.ts";
import { randomTensors, tinyConfig } from "./testing/tiny-clip.ts";
import { encodeClipText } from "./text.ts";
import { clipTensors, clipWeights } from "./weights.ts";

describe("clipTensors", () => {
  /** Counted with the published code: `golden/clip/parity.py` prints them. */
  const counts: Record<ClipVariant, number> = {
    "clip-vit-b-16": 149_620_737,
    "clip-vit-b-32": 151_277_313,
    "clip-vit-l-14": 427_616_513,
    "clip-vit-l-14-336": 427_944_193,
  };
  for (const [name, count] of Object.entries(counts))
    it(`of ${name} has the published number of parameters`, () => {
      const shapes = [...clipTensors(clipConfigs[name as ClipVariant]).values()];
      expect(shapes.reduce((sum, shape) => sum + elementCount(shape), 0)).toBe(count);
    });

  it("of ViT-B has 302 tensors, 152 of them of the image encoder", () => {
    const names = [...clipTensors(clipConfigs["clip-vit-b-16"]).keys()];
    expect(names.length).toBe(302);
    expect(names.filter((name) => name.startsWith("visual.")).length).toBe(152);
  });
});

interface Expected {
  readonly config: GoldenCases["config"] & { readonly vision_heads: number };
  readonly halves: number;
  readonly image: readonly number[];
  readonly texts: readonly (readonly number[])[];
  readonly imageFeatures: readonly number[];
  readonly textFeatures: readonly (readonly number[])[];
  readonly logitScale: number;
}

describe("clipWeights", () => {
  const fixtures = join(import.meta.dirname, "../../../fixtures/clip");
  const expected = readJson<Expected>(fixtures, "expected.json");
  const given = configOf({ config: expected.config });
  const config: ClipConfig = { ...given, vision: { ...given.vision, heads: expected.config.vision_heads } };

  it("reads the same numbers from OpenAI's archive and Hugging Face's file", () => {
    const files = ["archive.pt", "transformers.safetensors"].map((name) =>
      openWeightFile(join(fixtures, name)),
    );
    const [archive, transformers] = files.map((file) => clipWeights(file, config));
    expect([...archive.tensors.values()].filter(({ dtype }) => dtype === "float16").length).toBe(
      expected.halves,
    );
    for (const [name, shape] of clipTensors(config)) {
      const [a, b] = [archive, transformers].map(({ where, tensors }) => {
        const tensor = tensors.get(name);
        expect(tensor?.shape, name).toEqual(shape);
        return tensor === undefined ? null : readFloats(tensor, where);
      });
      expect(a, name).toEqual(b);
    }
    for (const file of files) file.close();
  });

  it("gives the features that PyTorch computes with them, from both files", async () => {
    const runtime = await openNodeRuntime({ threads: 1 }).catch((error: Error) => {
      console.warn(`SKIPPED: features of fixtures/clip: ${error.message}`);
      return null;
    });
    if (runtime === null) return;
    const { side } = config.vision;
    const pixels: NdArray<"float32"> = {
      dtype: "float32",
      shape: [1, 3, side, side],
      data: Float32Array.from(expected.image),
    };
    for (const name of ["archive.pt", "transformers.safetensors"]) {
      const file = openWeightFile(join(fixtures, name));
      const clip = createClip(file, config, runtime);
      expect(clip.logitScale).toBeCloseTo(expected.logitScale, 3);
      const { classEmbedding } = await clip.encodePixels(pixels);
      expect(relativeError(classEmbedding, expected.imageFeatures), name).toBeLessThan(1e-5);

      const texts = expected.texts.flat();
      const shape = [expected.texts.length, config.text.context];
      const tokens = await clip.lookUpTokens(texts);
      const ends = Int32Array.from(expected.texts, (ids) => ids.indexOf(10));
      const graph = createGraph();
      const features = encodeClipText(
        frozenWeights(graph, clip.weights),
        input(graph, "tokens", [...shape, config.text.dim]),
        input(graph, "ends", [shape[0]], "int32"),
        config,
      );
      const executable = await compile({ features }, runtime);
      const outputs = await executable.run({
        tokens: { ...tokens, shape: [...shape, config.text.dim] },
        ends: { dtype: "int32", shape: [shape[0]], data: ends },
      });
      const got = outputs.features.data as Float32Array;
      expect(relativeError(got, expected.textFeatures.flat()), name).toBeLessThan(1e-5);
      await executable.dispose();
      await clip.dispose();
      file.close();
    }
  });

  const tensors = randomTensors(tinyConfig);
  const open = (changed: ReadonlyMap<string, NdArray>): WeightFile =>
    openWeights(byteSource(writeSafetensors(changed)), "tiny.safetensors");

  it("leaves out what is not CLIP's", () => {
    const more = new Map<string, NdArray>([...tensors, ["context_length", floats([], 77)]]);
    expect([...clipWeights(open(more), tinyConfig).tensors.keys()]).toEqual([
      ...clipTensors(tinyConfig).keys(),
    ]);
  });

  it("says which tensor is missing or of another shape", () => {
    const fewer = new Map([...tensors].filter(([name]) => name !== "ln_final.bias"));
    expect(() => clipWeights(open(fewer), tinyConfig)).toThrow(
      'tiny.safetensors: expected "ln_final.bias" [6], got none',
    );
    const other = new Map<string, NdArray>([...tensors, ["ln_final.bias", floats([2], 1, 2)]]);
    expect(() => clipWeights(open(other), tinyConfig)).toThrow(
      'tiny.safetensors: expected "ln_final.bias" [6], got [2]',
    );
  });

  it("refuses queries, keys and values that do not fit together, and integers for weights", () => {
    const parts = "text_model.encoder.layers.0.self_attn";
    const apart = new Map<string, NdArray>([
      ["visual_projection.weight", floats([1, 1], 1)],
      [`${parts}.q_proj.bias`, floats([2], 1, 2)],
      [`${parts}.k_proj.bias`, floats([1], 1)],
      [`${parts}.v_proj.bias`, floats([3], 1, 2, 3)],
    ]);
    expect(() => clipWeights(open(apart), tinyConfig)).toThrow(
      "tiny.safetensors: queries, keys and values: expected [2], got [1]",
    );
    const stored = open(
      new Map<string, NdArray>([
        ["half", { dtype: "float16", shape: [2], data: float32ToHalf(Float32Array.of(0.5, -2)) }],
        ["ids", { dtype: "int32", shape: [1], data: Int32Array.of(7) }],
      ]),
    ).tensors;
    expect(readFloats(stored.get("half") as never, "x")).toEqual(Float32Array.of(0.5, -2));
    expect(() => readFloats(stored.get("ids") as never, "x")).toThrow(
      "x: expected float32 or float16 weights, got int32",
    );
  });
});

function floats(shape: readonly number[], ...numbers: readonly number[]): NdArray<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(numbers) };
}
