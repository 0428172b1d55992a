import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { createSam, type Sam } from "../../models/sam/sam.ts";
import { randomTensors, tinyConfig, weightFile } from "../../models/sam/testing/tiny-sam.ts";
import { teachParts } from "./teacher.ts";
import { openTokenProjection } from "./token-projection.ts";

type Floats = NdArray<"float32">;

const size = { height: 600, width: 1024 };
const boxes = [
  { classId: 1, x0: 100, y0: 50, x1: 400, y1: 380 },
  { classId: 2, x0: 0, y0: 0, x1: 1024, y1: 600 },
  { classId: 1, x0: 700, y0: 500, x1: 704, y1: 502 },
];
const points = [{ classId: 1, x: 333, y: 444, positive: true }];

let sam: Sam;
beforeAll(async () => {
  sam = createSam(weightFile(randomTensors(tinyConfig)), tinyConfig, await openNodeRuntime());
});
afterAll(() => sam.dispose());

function farthest(a: Floats, b: Floats): number {
  expect(a.shape).toEqual(b.shape);
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i])), 0);
}

/** As a prompter says them: weaker than they should be, and not quite. */
function blur(tokens: Floats): Floats {
  const r = random("blur");
  return { ...tokens, data: tokens.data.map((value) => 0.7 * value + 0.05 * r.normal()) };
}

describe("openTokenProjection", () => {
  it("finds the boxes that blurred tokens stand for", async () => {
    const { tokens } = await teachParts(sam, { kind: "boxes", boxes }, size);
    const blurred = blur(tokens);
    const projected = await (await openTokenProjection(sam, "box")).project(blurred);
    expect(farthest(projected, tokens)).toBeLessThan(0.5 * farthest(blurred, tokens));
  });

  it("leaves tokens of boxes where they are, to its finest step", async () => {
    const { tokens } = await teachParts(sam, { kind: "boxes", boxes }, size);
    const projected = await (await openTokenProjection(sam, "box")).project(tokens);
    expect(farthest(projected, tokens)).toBeLessThan(0.02);
  });

  it("makes of a point's second token the one that pads", async () => {
    const { tokens } = await teachParts(sam, { kind: "points", points }, size);
    const blurred = blur(tokens);
    const projected = await (await openTokenProjection(sam, "point")).project(blurred);
    const channels = tokens.shape[2];
    expect([...projected.data.subarray(channels)]).toEqual([...tokens.data.subarray(channels)]);
    expect(farthest(projected, tokens)).toBeLessThan(0.5 * farthest(blurred, tokens));
  });

  it("takes no tokens", async () => {
    const none: Floats = { dtype: "float32", shape: [0, 2, tinyConfig.dim], data: new Float32Array(0) };
    const projection = await openTokenProjection(sam, "box");
    expect(await projection.project(none)).toEqual(none);
  });
});
