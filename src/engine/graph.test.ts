import { describe, expect, it } from "vitest";
import * as e from "./index.ts";

const setup = () => {
  const graph = e.createGraph();
  return { graph, x: e.input(graph, "x", [2, 3]), y: e.input(graph, "y", [3]) };
};

describe("a graph", () => {
  it("is one node for one computation, however often it is asked for", () => {
    const { graph, x, y } = setup();
    expect(e.add(x, y)).toBe(e.add(x, y));
    expect(e.sum(x, { axes: 0 })).toBe(e.sum(x, { axes: [-2] }));
    expect(e.sum(x, { axes: 0 })).not.toBe(e.sum(x, { axes: 1 }));
    expect(e.clip(x, { min: 0 })).not.toBe(e.clip(x, { max: 0 }));
    expect(e.mul(x, 2)).toBe(e.mul(x, 2));
    expect(e.constant(graph, [1, 2])).toBe(e.constant(graph, Float64Array.of(1, 2)));
    expect(e.constant(graph, [0])).not.toBe(e.constant(graph, [-0]));
    const table = new Float32Array(1000);
    expect(e.constant(graph, table)).toBe(e.constant(graph, table));
    expect(e.constant(graph, table)).not.toBe(e.constant(graph, table, { shape: [10, 100] }));
  });

  it("leaves out steps that change nothing", () => {
    const { x } = setup();
    expect(e.mul(x, 1)).toBe(x);
    expect(e.add(0, x)).toBe(x);
    expect(e.div(x, 1)).toBe(x);
    expect(e.transpose(e.transpose(x, [1, 0]), [1, 0])).toBe(x);
    expect(e.reshape(e.reshape(x, [6]), [2, 3])).toBe(x);
    expect(e.slice(x, { axis: 0, start: 0, end: 2 })).toBe(x);
    expect(e.transpose(e.reshape(x, [2, 1, 3]), [1, 0, 2]).node.op.name).toBe("reshape");
  });

  it("refuses names used twice and values of two graphs", () => {
    const { graph, x } = setup();
    expect(() => e.input(graph, "x", [1])).toThrow(
      'input: name: expected a name used once in the graph, got "x"',
    );
    expect(() => e.constant(graph, 1, { name: "y" })).toThrow("used once");
    expect(() => e.add(x, setup().x)).toThrow("add: expected tensors of one graph");
    expect(() => e.add(1, 2)).toThrow("add: expected at least one tensor");
    expect(() => e.constant(graph, [1, 2], { shape: [3] })).toThrow(
      "constant: expected 3 numbers for [3], got 2 numbers",
    );
    expect(() => e.input(graph, "z", [2, -1])).toThrow(
      'input "z": expected dimensions that are names or integers >= 0',
    );
  });

  it("says which op got which shapes", () => {
    const { graph, x, y } = setup();
    const picture = e.input(graph, "picture", [1, 3, 8, 8]);
    const weight = e.input(graph, "weight", [4, 2, 3, 3]);
    const integers = e.input(graph, "integers", [2], "int64");
    const message = (build: () => unknown): string => {
      try {
        build();
      } catch (error) {
        return (error as Error).message;
      }
      return "no error";
    };
    const errors = [
      () => e.matmul(x, x),
      () => e.matmul(x, x, { transposeA: true, transposeB: true }),
      () => e.linear(x, e.reshape(y, [1, 3])),
      () => e.add(x, e.input(graph, "b", [2])),
      () => e.conv2d(picture, weight),
      () => e.reshape(x, [4, -1]),
      () => e.transpose(x, [0, 0]),
      () => e.slice(x, { axis: 1, start: 2, end: 5 }),
      () => e.concat([x, y], 0),
      () => e.split(x, 1, 2),
      () => e.exp(integers),
      () => e.mul(x, integers),
      () => e.gather(x, y),
      () => e.where(x, x, x),
      () => e.sum(x, { axes: 2 }),
      () => e.layerNorm(x, { scale: e.constant(graph, [1, 2]) }),
      () => e.broadcastTo(x, [3, 3]),
    ].map(message);
    expect(errors).toMatchInlineSnapshot(`
      [
        "matmul: expected [..., M, K] and [..., K, N], got [2, 3] and [2, 3]",
        "matmul: expected [..., K, M] and [..., N, K], got [2, 3] and [2, 3]",
        "linear: expected [..., M, K] and [..., K, N], got [2, 3] and [1, 3]",
        "add: expected shapes that broadcast, got [2, 3] and [2]",
        "conv2d: expected x [N, C, H, W] and weight [O, C/groups, kh, kw], got [1, 3, 8, 8] and [4, 2, 3, 3], groups 1",
        "reshape: expected a shape of as many elements as [2, 3], got [4, -1]",
        "transpose: expected axes that differ, got [0, 0]",
        "slice: expected a range inside the axis, got 2 to 5 by 1 at axis 1 of [2, 3]",
        "concat: expected shapes and dtypes that agree but for axis 0, got float32 [2, 3] and float32 [3]",
        "split: expected integer sizes that add up to 3, got [1.5, 1.5]",
        "exp: expected float32, got int64 [2]",
        "mul: expected operands of one dtype, got float32 and int64",
        "gather: indices: expected int64 or int32, got float32",
        "where: condition: expected bool, got float32",
        "sum: expected an axis from -2 to 1, got 2",
        "layerNorm: scale and bias: expected [3], got [2]",
        "broadcastTo: expected shapes that broadcast, got [2, 3] and [3, 3]",
      ]
    `);
  });

  it("carries named dimensions through what does not need their length", () => {
    const graph = e.createGraph();
    const x = e.input(graph, "x", ["batch", "tokens", 6]);
    const weight = e.input(graph, "w", [6, 4]);
    expect(e.linear(x, weight).shape).toEqual(["batch", "tokens", 4]);
    expect(e.softmax(e.add(x, x)).shape).toEqual(["batch", "tokens", 6]);
    expect(e.mean(x, { axes: -1 }).shape).toEqual(["batch", "tokens"]);
    expect(e.expandDims(x, 1).shape).toEqual(["batch", 1, "tokens", 6]);
    expect(e.slice(x, { axis: 1, start: 0, end: 1 }).shape).toEqual(["batch", 1, 6]);
    const heads = e.transpose(e.reshape(x, ["batch", "tokens", 2, 3]), [0, 2, 1, 3]);
    expect(e.attention(heads, heads, heads).shape).toEqual(["batch", 2, "tokens", 3]);
    expect(
      e.conv2d(e.input(graph, "picture", ["batch", 3, 8, 8]), e.input(graph, "k", [2, 3, 3, 3])).shape,
    ).toEqual(["batch", 2, 6, 6]);
    expect(() => e.slice(x, { axis: 1, start: 1 })).toThrow(
      "slice: expected a start and an end from the front of a named axis",
    );
    expect(() => e.add(x, e.input(graph, "z", ["other", 6]))).toThrow("add: expected shapes that broadcast");
    expect(() => e.groupNorm(e.input(graph, "free", ["n", 4, "h", "w"]), 2)).toThrow(
      "groupNorm: expected a static shape",
    );
  });
});
