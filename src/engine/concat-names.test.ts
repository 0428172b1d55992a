import { describe, expect, it } from "vitest";
import { compile } from "./compile.ts";
import { gradients } from "./gradients.ts";
import { createGraph, input } from "./graph.ts";
import { mul } from "./ops/arithmetic.ts";
import { concat } from "./ops/joining.ts";
import { sum } from "./ops/reduce.ts";
import { openNodeRuntime } from "./runtime-node.ts";

describe("concat", () => {
  it("joins lengths that are known only at a run", async () => {
    const graph = createGraph();
    const [a, b, c] = [input(graph, "a", ["n"]), input(graph, "b", ["m"]), input(graph, "c", [2])];
    const y = concat([a, c, b, a], 0);
    expect(y.shape).toEqual(["2 + n + m + n"]);
    expect(mul(y, y).shape).toEqual(y.shape);
    const executable = await compile({ y }, await openNodeRuntime({ threads: 1 }));
    const vector = (...values: number[]) => ({
      dtype: "float32" as const,
      shape: [values.length],
      data: Float32Array.from(values),
    });
    const results = await executable.run({ a: vector(1), b: vector(2, 3), c: vector(4, 5) });
    expect([...results.y.data]).toEqual([1, 4, 5, 2, 3, 1]);
    const empty = await executable.run({ a: vector(), b: vector(), c: vector(4, 5) });
    expect([...empty.y.data]).toEqual([4, 5]);
    await executable.dispose();
  });

  it("has no gradient there: how much of it is whose is not known", () => {
    const graph = createGraph();
    const [a, b] = [input(graph, "a", ["n"]), input(graph, "b", [2])];
    expect(() => gradients(sum(concat([a, b], 0)), { b })).toThrow("2 + n");
  });
});
