import { join } from "node:path";
import { expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import { encodeCam, readCam } from "../../data/cam-file.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { refineByAffinity } from "./affinity.ts";

/** Refines a CAM of 1 × 2 positions by the attention given; the path of the result. */
function refine(attention: NdArray): string {
  const folder = temporaryFolder();
  const cam = { kind: "cam", classes: [1], height: 1, width: 2, data: Float32Array.of(0, 1) } as const;
  writeTree(folder, {
    "cam.safetensors": encodeCam(cam),
    "attention.safetensors": writeSafetensors(new Map([["attention", attention]])),
  });
  const out = join(folder, "out.safetensors");
  refineByAffinity({
    id: "a",
    cam: { path: join(folder, "cam.safetensors"), keyBase: 0, classes: null, classCount: null },
    attention: join(folder, "attention.safetensors"),
    affinity: { at: "score", boxThreshold: 0.5, power: 1, rounds: 0, compat: "paper" },
    ...{ out, stage: "", knownKey: null },
  });
  return out;
}

const square = (...values: number[]): NdArray => ({
  dtype: "float32",
  shape: [2, 2],
  data: Float32Array.from(values),
});

it("spreads a map over the positions that its box's resemble", async () => {
  const { data } = await readCam(refine(square(1, 0.5, 0.5, 1)));
  expect(Array.from(data)).toEqual([expect.closeTo(0.5, 6), expect.closeTo(1, 6)]);
});

it.each<[what: string, attention: NdArray, message: string]>([
  ["no number", square(1, Number.NaN, 0, 1), "expected finite attention of 0 or more, got NaN at element 1"],
  ["no end", square(1, 0, Number.POSITIVE_INFINITY, 1), "0 or more, got Infinity at element 2"],
  ["less than none", square(1, -0.5, 0, 1), "0 or more, got -0.5 at element 1"],
  [
    "other positions",
    { dtype: "float32", shape: [1, 1], data: Float32Array.of(1) },
    "attention.safetensors: expected [2, 2] for a CAM of 1×2 positions, got [1, 1]",
  ],
  [
    "another type",
    { dtype: "int32", shape: [2, 2], data: Int32Array.of(1, 0, 0, 1) },
    'expected "attention" [N, N] in float16 or float32, got int32',
  ],
])("refuses attention of %s, with its file", (_, attention, message) => {
  expect(() => refine(attention)).toThrow(message);
});
