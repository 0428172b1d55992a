import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { compile, createGraph, input, type Tensor } from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { diceLoss, focalLoss, promptLoss } from "./losses.ts";

const runtime = await openNodeRuntime({ threads: 1 });

function floats(shape: readonly number[], values: readonly number[]): NdArray<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

type Loss = (logits: Tensor, targets: Tensor) => Tensor;

/** The loss of one mask of the given logits. */
async function lossOf(loss: Loss, logits: readonly number[], targets: readonly number[]): Promise<number> {
  const graph = createGraph();
  const shape = [1, 1, logits.length];
  const value = loss(input(graph, "logits", shape), input(graph, "targets", shape));
  const executable = await compile({ value }, runtime);
  const outputs = await executable.run({
    logits: floats(shape, logits),
    targets: floats(shape, targets),
  });
  await executable.dispose();
  return (outputs.value.data as Float32Array)[0];
}

const LOG3 = Math.log(3); // shares of 3/4 and 1/4

describe("focalLoss", () => {
  it("is the mean of (1 − p)² · −log p for targets of 0 and 1", async () => {
    expect(await lossOf(focalLoss, [LOG3, -LOG3], [1, 1])).toBeCloseTo(
      (-(0.25 ** 2) * Math.log(0.75) - 0.75 ** 2 * Math.log(0.25)) / 2,
      6,
    );
    expect(await lossOf(focalLoss, [LOG3], [0])).toBeCloseTo(-(0.75 ** 2) * Math.log(0.25), 6);
  });

  it("is 0 where the share is the target's, for edges too", async () => {
    expect(await lossOf(focalLoss, [LOG3, 0, 40, -40], [0.75, 0.5, 1, 0])).toBeCloseTo(0, 6);
  });
});

describe("diceLoss", () => {
  it("is 1 − 2 Σ p·t / (Σ p + Σ t), a pixel more in both", async () => {
    expect(await lossOf(diceLoss, [LOG3, -LOG3, 0], [1, 0, 1])).toBeCloseTo(
      1 - (2 * 1.25 + 1) / (1.5 + 2 + 1),
      5,
    );
  });

  it("is 0 for an empty mask of an empty target, and for the target itself", async () => {
    expect(await lossOf(diceLoss, [-40, -40], [0, 0])).toBeCloseTo(0, 6);
    expect(await lossOf(diceLoss, [40, -40], [1, 0])).toBeCloseTo(0, 6);
  });
});

describe("promptLoss", () => {
  /** Four masks of a 1 × 2 picture. */
  async function lossOfMasks(
    masks: readonly (readonly [number, number])[],
    predictedIou: readonly number[],
  ): Promise<{ loss: number; iou: number[] }> {
    const graph = createGraph();
    const found = promptLoss(
      { masks: input(graph, "masks", [1, 4, 1, 2]), predictedIou: input(graph, "iou", [1, 4]) },
      input(graph, "targets", [1, 1, 2]),
    );
    const executable = await compile({ loss: found.loss, overlap: found.iou }, runtime);
    const outputs = await executable.run({
      masks: floats([1, 4, 1, 2], masks.flat()),
      iou: floats([1, 4], predictedIou),
      targets: floats([1, 1, 2], [1, 0]),
    });
    await executable.dispose();
    return { loss: (outputs.loss.data as Float32Array)[0], iou: [...(outputs.overlap.data as Float32Array)] };
  }

  const right = [40, -40] as const;
  const both = [40, 40] as const;
  const wrong = [-40, 40] as const;

  it("asks for the first mask and one of the others", async () => {
    const { loss, iou } = await lossOfMasks([right, wrong, right, both], [1, 0, 1, 0.5]);
    expect(iou).toEqual([1, 0, 1, 0.5]);
    expect(loss).toBeCloseTo(0, 5);
    expect((await lossOfMasks([wrong, right, right, right], [0, 1, 1, 1])).loss).toBeGreaterThan(1);
    expect((await lossOfMasks([right, wrong, wrong, wrong], [1, 0, 0, 0])).loss).toBeGreaterThan(1);
  });

  it("holds every estimate against its mask", async () => {
    const { loss } = await lossOfMasks([right, right, right, both], [0.5, 1, 1, 0.5]);
    expect(loss).toBeCloseTo(0.25 / 4, 5);
  });
});
