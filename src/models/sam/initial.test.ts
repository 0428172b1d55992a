import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { drawSam } from "./initial.ts";
import { tokenRoles } from "./initial-places.ts";
import { PLACE_DIRECTIONS, PLACE_ROLES } from "./prompt-places.ts";
import { createSam } from "./sam.ts";
import { samTensors } from "./tensor-table.ts";
import { tinyHybridConfig, weightFile } from "./testing/tiny-sam.ts";

describe("drawSam", () => {
  const tensors = drawSam(tinyHybridConfig, random(1));
  const tensor = (name: string): NdArray<"float32"> => tensors.get(name) as NdArray<"float32">;

  it("draws every tensor of the model in its shape", () => {
    expect(new Map([...tensors].map(([name, { shape }]) => [name, shape]))).toEqual(
      samTensors(tinyHybridConfig),
    );
    for (const [name, { data }] of tensors) expect(data.every(Number.isFinite), name).toBe(true);
  });

  it("is the same for the same seed", () => {
    expect(drawSam(tinyHybridConfig, random(1))).toEqual(tensors);
    expect(drawSam(tinyHybridConfig, random(2))).not.toEqual(tensors);
  });

  it("tells places and roles in channels of their own", () => {
    const directions = tensor("prompt_encoder.pe_layer.positional_encoding_gaussian_matrix");
    const [, count] = directions.shape;
    for (const [role, name] of tokenRoles.entries()) {
      const token = tensor(`prompt_encoder.${name}.weight`).data;
      const told = Array.from({ length: PLACE_ROLES }, (_, k) => Number(k === role));
      const nowhere = Array.from({ length: PLACE_DIRECTIONS }, () => 0);
      const end = PLACE_DIRECTIONS + PLACE_ROLES;
      expect(Array.from(token.subarray(0, end))).toEqual([...nowhere, ...told]);
      expect(token.subarray(count, count + end).every((x) => x === 0)).toBe(true);
    }
    const row = (axis: number): number[] =>
      Array.from(directions.data.subarray(axis * count, axis * count + PLACE_DIRECTIONS + PLACE_ROLES));
    const still = [0, 0, 0, 0, 0];
    expect(row(0)).toEqual([expect.closeTo(0.2, 6), 0, 1, 0, 5, 0, ...still]);
    expect(row(1)).toEqual([0, expect.closeTo(0.2, 6), 0, 1, 0, 5, ...still]);
  });

  it("answers a box with about the box, and a click with a spot, before it has learned anything", async () => {
    const config = { ...tinyHybridConfig, encoder: { ...tinyHybridConfig.encoder, side: 256 } };
    const runtime = await openNodeRuntime({ threads: 1 });
    const sam = createSam(weightFile(drawSam(config, random(1))), config, runtime);
    const embedding = await sam.embed({ height: 256, width: 256, data: new Uint8Array(256 * 256 * 3) });
    const [box, click] = await sam.decodeAll(
      embedding,
      [{ box: { x0: 64, y0: 32, x1: 192, y1: 128 } }, { points: [{ x: 100, y: 100, positive: true }] }],
      { multimask: false },
    );
    const at = ({ logits }: typeof box, x: number, y: number): number =>
      logits.data[(y >> 2) * 64 + (x >> 2)];
    for (const [x, y] of [
      [68, 36],
      [128, 80],
      [188, 124],
    ])
      expect(at(box, x, y)).toBeGreaterThan(0);
    for (const [x, y] of [
      [56, 80],
      [200, 80],
      [128, 24],
      [128, 136],
      [10, 250],
    ])
      expect(at(box, x, y)).toBeLessThan(0);
    expect(at(click, 100, 100)).toBeGreaterThan(0);
    for (const [x, y] of [
      [60, 100],
      [140, 100],
      [100, 60],
      [100, 140],
      [250, 250],
    ])
      expect(at(click, x, y)).toBeLessThan(0);
    await sam.dispose();
  });
});
