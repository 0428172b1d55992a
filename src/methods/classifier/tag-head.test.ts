import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { averageFeatures, classifierCam } from "./cam.ts";
import { measureScaling, scaleFeatures, unscaleLinear } from "./feature-scaling.ts";
import { trainTagHead } from "./tag-head.ts";

const runtime = await openNodeRuntime({ threads: 1 });

function floats(shape: readonly number[], data: ArrayLike<number>): NdArray<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(data) };
}

/** Pictures of 6 features: the first is large where class 3 is, the second where class 9 is; the last never changes. */
function drawPictures(count: number): { features: NdArray<"float32">; tags: number[][] } {
  const { next, normal } = random("pictures");
  const tags = Array.from({ length: count }, () => [3, 9].filter(() => next() < 0.5));
  const rows = tags.map((classes) => [
    (classes.includes(3) ? 40 : 10) + 3 * normal(),
    (classes.includes(9) ? 0.5 : 0.2) + 0.03 * normal(),
    normal(),
    normal(),
    normal(),
    7,
  ]);
  return { features: floats([count, 6], rows.flat()), tags };
}

describe("trainTagHead", () => {
  it.each([[64], [16]])("learns which features a class has, %i pictures a step", async (batch) => {
    const { features, tags } = drawPictures(64);
    const losses: number[] = [];
    const head = await trainTagHead({ features, tags }, [3, 9], runtime, {
      seed: 1,
      batch,
      steps: 200,
      rate: 0.05,
      onStep: (_, loss) => losses.push(loss),
    });
    expect(losses[0]).toBeCloseTo(Math.LN2, 5);
    expect(losses[199]).toBeLessThan(0.1);
    tags.forEach((classes, row) => {
      const picture = floats([6, 1, 1], features.data.subarray(6 * row, 6 * row + 6));
      const { data } = classifierCam(picture, head, [3, 9]);
      expect([...data].map((logit) => logit > 0)).toEqual([3, 9].map((id) => classes.includes(id)));
    });
  });

  it("gives the same head for the same seed", async () => {
    const train = (seed: number) =>
      trainTagHead(drawPictures(40), [3, 9], runtime, { seed, steps: 20, batch: 8 });
    expect(await train(1)).toEqual(await train(1));
    expect(await train(1)).not.toEqual(await train(2));
  });

  it("names what does not fit", async () => {
    const { features, tags } = drawPictures(4);
    await expect(trainTagHead({ features, tags }, [], runtime, { seed: 0 })).rejects.toThrow(
      "trainTagHead: classes: expected at least one",
    );
    await expect(trainTagHead({ features, tags: tags.slice(1) }, [3], runtime, { seed: 0 })).rejects.toThrow(
      "trainTagHead: features: expected [3, F] for 3 pictures, got [4, 6]",
    );
  });
});

describe("classifierCam", () => {
  const head = {
    classes: [5, 2],
    weight: floats([2, 3], [1, 0, -1, 0, 2, 0.5]),
    bias: Float32Array.of(0.25, -1),
  };
  // 2 × 3 positions
  const features = floats([3, 2, 3], [0, 1, 2, 3, 4, 5, 1, 1, 1, 1, 1, 1, 4, 0, 4, 0, 4, 0]);

  it("is what each position adds to the logit, in the order of the classes asked for", () => {
    expect(classifierCam(features, head, [2, 5])).toEqual({
      kind: "cam",
      classes: [2, 5],
      height: 2,
      width: 3,
      data: Float32Array.of(3, 1, 3, 1, 3, 1, -3.75, 1.25, -1.75, 3.25, 0.25, 5.25),
    });
  });

  it("has the logit of the mean features as its mean", () => {
    const means = averageFeatures(features);
    expect([...means]).toEqual([2.5, 1, 2]);
    const { data } = classifierCam(features, head, [5]);
    expect(data.reduce((sum, value) => sum + value, 0) / 6).toBeCloseTo(2.5 - 2 + 0.25, 6);
  });

  it("has no maps without classes, and refuses classes and features that the head does not know", () => {
    expect(classifierCam(features, head, []).data).toHaveLength(0);
    expect(() => classifierCam(features, head, [7])).toThrow("expected one of the classes 5,2, got 7");
    expect(() => classifierCam(floats([2, 1, 1], [0, 0]), head, [5])).toThrow(
      "expected [3, h, w], got [2, 1, 1]",
    );
  });
});

describe("feature scaling", () => {
  it("brings features to mean 0 and deviation 1, those that never change to 0", () => {
    const features = floats([2, 2], [1, 5, 3, 5]);
    const scaling = measureScaling(features);
    expect([...scaling.means, ...scaling.deviations]).toEqual([2, 5, 1, 1]);
    expect([...scaleFeatures(features, [1, 0], scaling)]).toEqual([1, 0, -1, 0]);
  });

  it("is undone in the linear map that follows it", () => {
    const scaling = { means: Float64Array.of(2, 4), deviations: Float64Array.of(0.5, 2) };
    // 3·(x − 2)/0.5 + 1·(y − 4)/2 + 7
    const { weight, bias } = unscaleLinear(Float32Array.of(3, 1), Float32Array.of(7), scaling);
    expect([...weight, ...bias]).toEqual([6, 0.5, -7]);
  });
});
