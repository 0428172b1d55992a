import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { layoutParameters, packParameters, viewParameters } from "./flat-parameters.ts";

const layout = layoutParameters([
  ["weight", [2, 3]],
  ["scale", []],
  ["none", [0, 4]],
]);
const arrays = new Map<string, NdArray<"float32">>([
  ["none", { dtype: "float32", shape: [0, 4], data: new Float32Array(0) }],
  ["scale", { dtype: "float32", shape: [], data: Float32Array.of(7) }],
  ["weight", { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
]);

describe("flat parameters", () => {
  it("lie in the order of the layout, whatever the order of the arrays", () => {
    const flat = packParameters(layout, arrays);
    expect([...flat]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(viewParameters(layout, flat)).toEqual(arrays);
    flat[6] = 8;
    expect(arrays.get("scale")?.data[0]).toBe(7);
  });

  it("are seen through views that share their memory", () => {
    const flat = packParameters(layout, arrays);
    const views = viewParameters(layout, flat);
    flat[6] = 8;
    expect([...(views.get("scale") as NdArray<"float32">).data]).toEqual([8]);
  });

  it.each<[what: string, change: (map: Map<string, NdArray>) => void, message: string]>([
    [
      "a missing parameter",
      (map) => map.delete("scale"),
      'packParameters: "scale": expected float32 [], got none',
    ],
    [
      "another shape",
      (map) => map.set("weight", { dtype: "float32", shape: [3, 2], data: new Float32Array(6) }),
      '"weight": expected float32 [2,3], got float32 [3,2]',
    ],
    [
      "another dtype",
      (map) => map.set("scale", { dtype: "float64", shape: [], data: new Float64Array(1) }),
      "expected float32 [], got float64 []",
    ],
    [
      "one too many",
      (map) => map.set("bias", { dtype: "float32", shape: [], data: new Float32Array(1) }),
      'expected parameters of the layout, got "bias"',
    ],
  ])("refuse %s", (_, change, message) => {
    const changed = new Map<string, NdArray>(arrays);
    change(changed);
    expect(() => packParameters(layout, changed)).toThrow(message);
  });

  it("refuse a name twice and a flat array of another length", () => {
    expect(() =>
      layoutParameters([
        ["a", [1]],
        ["a", [1]],
      ]),
    ).toThrow('expected each name once, got "a"');
    expect(() => viewParameters(layout, new Float32Array(6))).toThrow("expected 7 elements, got 6");
  });
});
