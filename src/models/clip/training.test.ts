import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { type Arrays, compileTraining, constant, createGraph } from "../../engine/index.ts";
import { interpret } from "../../engine/testing/interpreter.ts";
import { tryRuntime } from "../../testing/runtime.ts";
import { drawClip } from "./initial.ts";
import { tinyConfig } from "./testing/tiny-clip.ts";
import { alignmentLoss, clipOptimizer, clipTraining } from "./training.ts";
import { clipTensors } from "./weights.ts";

describe("alignmentLoss", () => {
  const lossOf = (logits: readonly number[], rows: readonly number[], columns: readonly number[]): number => {
    const graph = createGraph();
    const [scores, toTexts, toPictures] = [logits, rows, columns].map((values) =>
      constant(graph, Float64Array.from(values), { shape: [2, 2] }),
    );
    return interpret([alignmentLoss(scores, { rows: toTexts, columns: toPictures })], {})[0].data[0];
  };

  it("is CLIP's when each picture has one text", () => {
    // Rows (0, log 3) and (0, 0); columns (0, 0) and (log 3, 0).
    const expected = -0.25 * (Math.log(1 / 4) + Math.log(1 / 2) + Math.log(1 / 2) + Math.log(1 / 4));
    expect(lossOf([0, Math.log(3), 0, 0], [1, 0, 0, 1], [1, 0, 0, 1])).toBeCloseTo(expected, 12);
  });

  it("shares a picture between the texts that are right", () => {
    // The second text is right for both pictures.
    const expected =
      -0.25 * ((Math.log(1 / 4) + Math.log(3 / 4)) / 2 + Math.log(1 / 2)) -
      0.25 * (Math.log(1 / 2) + (Math.log(3 / 4) + Math.log(1 / 4)) / 2);
    const logits = [0, Math.log(3), 0, 0];
    expect(lossOf(logits, [0.5, 0.5, 0, 1], [1, 0.5, 0, 0.5])).toBeCloseTo(expected, 12);
  });
});

describe("drawClip", () => {
  it("draws every tensor by its kind, the same ones from the same seed", () => {
    const tensors = drawClip(tinyConfig, random(1));
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([...clipTensors(tinyConfig)]);
    const spread = (name: string): number => {
      const { data } = tensors.get(name) as NdArray<"float32">;
      return Math.hypot(...data) / Math.sqrt(data.length);
    };
    expect(spread("logit_scale")).toBeCloseTo(Math.log(1 / 0.07), 6);
    expect(spread("visual.ln_pre.weight")).toBe(1);
    expect(spread("transformer.resblocks.1.attn.in_proj_bias")).toBe(0);
    expect(spread("token_embedding.weight")).toBeCloseTo(0.02, 2);
    expect(spread("visual.transformer.resblocks.0.attn.in_proj_weight")).toBeCloseTo(8 ** -0.5, 1);
    expect(drawClip(tinyConfig, random(1))).toEqual(tensors);
    expect(drawClip(tinyConfig, random(2))).not.toEqual(tensors);
  });
});

describe("clipTraining", () => {
  it("learns which text belongs to which picture and patch", async (test) => {
    const runtime = await tryRuntime("clipTraining");
    if (runtime === null) return test.skip();
    const [batch, length, side, nouns, classes] = [4, 3, 4, 3, 2];
    const { normal } = random("pictures");
    const floats = (shape: readonly number[], next: () => number): NdArray<"float32"> => ({
      dtype: "float32",
      shape,
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, next),
    });
    const same = floats([batch, batch], () => 0);
    for (let i = 0; i < batch; i++) same.data[i * batch + i] = 1;
    const subjects = floats([batch, classes], () => 0);
    subjects.data.set([1, 0, 0, 1, 0.5, 0.5]);
    const patches = floats([4 * batch, nouns], () => 0);
    for (let p = 0; p < 4 * batch; p++) patches.data[p * nouns + (p % nouns)] = 1;
    const feeds: Arrays = {
      pixels: floats([batch, 3, side, side], normal),
      tokens: {
        dtype: "int32",
        shape: [nouns + batch, length],
        data: Int32Array.of(
          ...[28, 4, 29, 28, 5, 29, 28, 6, 29],
          ...[28, 1, 29, 28, 2, 29, 28, 3, 29, 28, 29, 0],
        ),
      },
      ends: { dtype: "int32", shape: [nouns + batch], data: Int32Array.of(2, 2, 2, 2, 2, 2, 1) },
      ...{ subjects, patches },
      rows: same,
      columns: same,
    };
    const trainer = await compileTraining(
      clipTraining(tinyConfig, { batch, side, nouns, classes, length }),
      runtime,
      {
        start: { tensors: drawClip(tinyConfig, random(1)) },
        optimizer: clipOptimizer(tinyConfig),
        clipNorm: 1,
      },
    );
    const first = await trainer.step([feeds], 0.01);
    expect(first.scale).toBeCloseTo(1 / 0.07, 4);
    expect(first.loss).toBeCloseTo(first["of classes"] + first["of captions"] + 3 * first["of patches"], 4);
    let last = first;
    for (let step = 0; step < 150; step++) last = await trainer.step([feeds], 0.01);
    // One picture is of nothing, and one half of either class: log 2 is the least for it.
    expect(last.right).toBe(0.75);
    expect(last["of classes"]).toBeLessThan(Math.log(2) / 4 + 0.05);
    expect(last["of captions"]).toBeLessThan(0.1);
    expect(last["of patches"]).toBeLessThan(0.5);
    await trainer.dispose();
  });

  it("lets no vector and no factor decay", () => {
    const { groups = [] } = clipOptimizer(tinyConfig);
    expect(groups).toEqual([
      { names: expect.arrayContaining(["logit_scale", "ln_final.bias"]), weightDecay: 0 },
    ]);
    expect(groups[0].names).not.toContain("visual.proj");
  });
});
