import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { decodeRle } from "../../core/rle.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import type { Prompter } from "../../models/prompter/networks.ts";
import type { MaskPrediction } from "../../models/sam/sam.ts";
import { createSam } from "../../models/sam/sam.ts";
import { noise, randomTensors, tinyConfig, weightFile } from "../../models/sam/testing/tiny-sam.ts";
import { draw, drawLabels } from "../../testing/picture.ts";
import { centerFrame } from "./frame.ts";
import { decodeTargets, drawParts, type FoundPart, findParts } from "./predict.ts";
import { packTargets } from "./targets.ts";
import { boxCenters, teachParts } from "./teacher.ts";

function floats(shape: readonly number[], ...values: number[]): NdArray<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

/** A part whose logits are given at the picture's size. */
function part(classId: number, shape: readonly [number, number], ...logits: number[]): FoundPart {
  const [height, width] = shape;
  const side = Math.max(height, width);
  const square = new Float32Array(side * side);
  for (let i = 0; i < height; i++) square.set(logits.slice(i * width, (i + 1) * width), i * side);
  const prediction: MaskPrediction = {
    logits: { dtype: "float32", shape: [1, side, side], data: square },
    predictedIou: Float32Array.of(0.8),
    original: { height, width },
    input: { height, width },
  };
  return { classId, score: 0.5, query: 0, prediction };
}

describe("drawParts", () => {
  it("gives each pixel the class of the highest logit, and each part all of its mask", () => {
    const { instances, labels } = drawParts(
      [part(2, [2, 3], 1, 3, -1, -1, 2, 2), part(1, [2, 3], 2, 2, -1, -1, -1, 2)],
      { height: 2, width: 3 },
    );
    expect(drawLabels(labels)).toBe("120 021");
    expect(instances.map(({ classId, rle }) => [classId, draw(decodeRle(rle))])).toEqual([
      [2, "##. .##"],
      [1, "##. ..#"],
    ]);
    expect(instances[1]).toMatchObject({ box: { x0: 0, y0: 0, x1: 3, y1: 2 }, score: 0.5 });
    expect(instances[1].predictedIou).toBeCloseTo(0.8, 6);
  });

  it("leaves out what has no pixel, and takes no part at all", () => {
    const { instances, labels } = drawParts([part(1, [1, 2], -1, 0)], { height: 1, width: 2 });
    expect(instances).toEqual([]);
    expect(drawLabels(labels)).toBe("00");
    expect(drawLabels(drawParts([], { height: 2, width: 1 }).labels)).toBe("0 0");
  });

  it("cuts a picture out of the middle of its square", () => {
    const size = { height: 1, width: 3 };
    const square = part(1, [3, 3], -1, -1, -1, 1, -1, 1, 1, 1, 1);
    expect(drawLabels(drawParts([square], size, centerFrame(size, 3)).labels)).toBe("101");
  });

  it("refuses a class that no label map holds", () => {
    expect(() => drawParts([part(255, [1, 1], 1)], { height: 1, width: 1 })).toThrow(
      "an id below 255, got 255",
    );
  });
});

describe("findParts", () => {
  it("decodes the tokens of queries that found something", async () => {
    const runtime = await openNodeRuntime({ threads: 1 });
    const sam = createSam(weightFile(randomTensors(tinyConfig)), tinyConfig, runtime);
    const embedding = await sam.embed(noise(6, 8));
    const boxes = [
      { classId: 2, x0: 1, y0: 1, x1: 4, y1: 5 },
      { classId: 1, x0: 2, y0: 0, x1: 8, y1: 3 },
    ];
    const targets = await teachParts(sam, { kind: "boxes", boxes }, embedding.original);
    const dim = tinyConfig.dim;
    // A prompter that knows: query 0 finds the second box, query 1 nothing, query 2 the first box.
    const [first, second] = [0, 1].map((n) => [
      ...targets.tokens.data.subarray(n * 2 * dim, (n + 1) * 2 * dim),
    ]);
    const prompter = {
      prompt: async () => ({
        logits: floats([3, 3], 1, 0, 0, 0, 0, 9, 0, 5, 0),
        tokens: floats([3, 2, dim], ...second, ...new Array<number>(2 * dim).fill(0), ...first),
      }),
    } as unknown as Prompter;
    const found = await findParts(prompter, sam, embedding);
    expect(found.map(({ classId, query }) => [classId, query])).toEqual([
      [1, 0],
      [2, 2],
    ]);
    expect(found[0].score).toBeCloseTo(Math.E / (Math.E + 2), 6);
    const taught = await decodeTargets(sam, embedding, targets);
    expect(taught.map(({ classId }) => classId)).toEqual([2, 1]);
    expect(found.map(({ prediction }) => prediction)).toEqual([taught[1].prediction, taught[0].prediction]);
    const byBox = await sam.decode(embedding, { box: boxes[0] }, { multimask: false, precision: "float64" });
    expect(byBox).toEqual(taught[0].prediction);
    // With a projection the decoder is given what that makes of the tokens of both, in the order of the queries.
    const given: NdArray<"float32">[] = [];
    const swapped = async (tokens: NdArray<"float32">) => {
      given.push(tokens);
      return { ...tokens, data: Float32Array.of(...first, ...second) };
    };
    const projected = await findParts(prompter, sam, embedding, { project: swapped });
    expect(given).toEqual([floats([2, 2, dim], ...second, ...first)]);
    expect(projected.map(({ prediction }) => prediction)).toEqual(taught.map(({ prediction }) => prediction));
    await sam.dispose();
  });
});

describe("teachParts", () => {
  it("takes the center of a box for a point, and leaves out points that say what is not there", async () => {
    const runtime = await openNodeRuntime({ threads: 1 });
    const sam = createSam(weightFile(randomTensors(tinyConfig)), tinyConfig, runtime);
    const size = { height: 6, width: 8 };
    const box = { classId: 1, x0: 1, y0: 2, x1: 4, y1: 6 };
    expect(boxCenters({ kind: "boxes", boxes: [box] }).points).toEqual([
      { classId: 1, x: 2.5, y: 4, positive: true },
    ]);
    const points = [
      { classId: 2, x: 2.5, y: 4, positive: false },
      { classId: 1, x: 2.5, y: 4, positive: true },
    ];
    const targets = await teachParts(sam, { kind: "points", points }, size);
    expect(targets.classIds).toEqual([1]);
    expect(targets.tokens.shape).toEqual([1, 2, tinyConfig.dim]);
    const none = await teachParts(sam, { kind: "boxes", boxes: [] }, size);
    expect(none.classIds).toEqual([]);
    expect(packTargets([none, targets], [2, tinyConfig.dim]).counts.data).toEqual(Int32Array.of(0, 1));
    await sam.dispose();
  });
});
