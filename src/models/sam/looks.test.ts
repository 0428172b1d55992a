import { describe, expect, it } from "vitest";
import { compile, constant, createGraph } from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { likenMask } from "./looks.ts";

const runtime = await openNodeRuntime({ threads: 1 });
/** The logits of a row of pixels of one channel, one of which is in the prompt when its logit is above 0. */
async function liken(
  looks: readonly number[],
  prior: readonly number[],
  near = prior.map(() => 5),
): Promise<number[]> {
  const graph = createGraph();
  const pixels = looks.length;
  const keys = constant(graph, [...looks], { shape: [1, pixels, 1] });
  const planes = prior.flatMap((logit, p) => [logit, near[p]]);
  const places = constant(graph, planes, { shape: [1, pixels, 2] });
  const mask = likenMask(() => constant(graph, [1], { shape: [1] }), keys, places);
  expect(mask.shape).toEqual([1, pixels]);
  const { logits } = await (await compile({ logits: mask }, runtime)).run({});
  return Array.from(logits.data as Float32Array);
}

describe("likenMask", () => {
  it("takes from a box what looks like the pixels around it", async () => {
    const logits = await liken(
      [0, 0, 0, 4, 4, 4, 4, 0, 0, 0],
      [-3, -3, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, -3, -3],
    );
    expect(logits.map((x) => x > 0)).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it("adds to a click what looks like it", async () => {
    const logits = await liken([4, 4, 4, 4, 0, 0, 0, 0], [1, -1, -1, -1, -1, -1, -3, -3]);
    expect(logits.map((x) => x > 0)).toEqual([true, true, true, true, false, false, false, false]);
  });

  it("does not compare with what is far away", async () => {
    const looks = [0, 0, 4, 4, -90, -90];
    const prior = [-3, -3, 0.5, 0.5, -3, -3];
    const logits = await liken(looks, prior, [5, 5, 5, 5, -40, -40]);
    expect(logits.slice(0, 4).map((x) => x > 0)).toEqual([false, false, true, true]);
  });

  it("says what the prompt says of a picture of one color, and of one pixel", async () => {
    const prior = [-3, 0.5, 0.5, -3];
    const logits = await liken([0, 0, 0, 0], prior);
    for (const [p, x] of logits.entries()) expect(x).toBeCloseTo(prior[p], 5);
    expect(await liken([0], [0.5])).toEqual([0.5]);
  });
});
