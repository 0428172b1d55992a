import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { random } from "../core/random.ts";
import { compile } from "./compile.ts";
import { gradients } from "./gradients.ts";
import { constant, createGraph, input, type Tensor } from "./graph.ts";
import { measurePrecision } from "./measure-precision.ts";
import { gelu } from "./ops/activation.ts";
import { add, mul } from "./ops/arithmetic.ts";
import { attention } from "./ops/attention.ts";
import { cast, greater } from "./ops/compare.ts";
import { linear, matmul } from "./ops/linear.ts";
import { layerNorm } from "./ops/normalization.ts";
import { mean } from "./ops/reduce.ts";
import { softmax } from "./ops/softmax.ts";
import type { Precision } from "./precision.ts";
import { openNodeRuntime } from "./runtime-node.ts";
import { openWebRuntime } from "./runtime-web.ts";

const { normal } = random("precision");
const SIZE = 64;

function randoms(...shape: readonly number[]): NdArray<"float32"> {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, normal);
  return { dtype: "float32", shape, data };
}

/** A transformer layer with frozen weights, its masked attention and each way to multiply by a matrix. */
function layer(): Record<string, Tensor> {
  const graph = createGraph();
  const x = input(graph, "x", [10, SIZE]);
  const matrix = (...shape: readonly number[]): Tensor =>
    constant(
      graph,
      randoms(...shape).data.map((value) => value / Math.sqrt(SIZE)),
      { shape },
    );
  const scale = constant(graph, new Float32Array(SIZE).fill(1));
  const y = layerNorm(x, { scale, bias: constant(graph, randoms(SIZE).data) });
  const q = linear(y, matrix(SIZE, SIZE));
  const k = linear(y, matrix(SIZE, SIZE), { transposeWeight: true });
  const v = linear(y, matrix(SIZE, SIZE), { bias: constant(graph, randoms(SIZE).data) });
  const hidden = attention(q, k, v, {
    bias: constant(
      graph,
      Array.from({ length: 100 }, (_, p) => (p % 10 > p / 10 ? -1e9 : 0)),
      { shape: [10, 10] },
    ),
  });
  const z = gelu(
    linear(hidden, matrix(2 * SIZE, SIZE), {
      bias: constant(graph, randoms(2 * SIZE).data),
      transposeWeight: true,
    }),
  );
  return {
    z: add(x, matmul(z, matrix(2 * SIZE, SIZE), { alpha: 0.5 })),
    isPositive: greater(z, 0),
    count: cast(greater(z, 0), "float32"),
  };
}

const node = await openNodeRuntime({ threads: 1 });

describe("measurePrecision", () => {
  it.each<[Precision, number, number]>([
    ["float32", 0, 0],
    // 11 bits and 7 bits, through six products.
    ["float16", 1e-5, 2e-3],
    ["int8", 1e-3, 3e-2],
  ])("of %s", async (precision, low, high) => {
    const { z } = layer();
    const errors = await measurePrecision({ z }, node, {
      precision,
      feeds: [{ x: randoms(10, SIZE) }, { x: randoms(10, SIZE) }],
    });
    console.info(
      `${precision}: relative error ${errors.z.relative.toPrecision(2)}, largest ${errors.z.maximum.toPrecision(2)}`,
    );
    expect(errors.z.relative).toBeGreaterThanOrEqual(low);
    expect(errors.z.relative).toBeLessThanOrEqual(high);
  });
});

describe("compile with a precision", () => {
  it.each<Precision>(["float16", "int8"])(
    "%s keeps the types of inputs and outputs, and runs in wasm",
    async (precision) => {
      const outputs = layer();
      const feeds = { x: randoms(10, SIZE) };
      const results = [];
      for (const runtime of [node, await openWebRuntime()]) {
        const executable = await compile(outputs, runtime, { precision });
        const result = await executable.run(feeds);
        expect([result.z.dtype, result.isPositive.dtype, result.count.dtype]).toEqual([
          "float32",
          "bool",
          "float32",
        ]);
        results.push(result.z.data as Float32Array);
        await executable.dispose();
      }
      const [a, b] = results;
      // Rounding differs between the kernels by single steps of the precision.
      expect(Math.max(...a.map((value, p) => Math.abs(value - b[p])))).toBeLessThan(
        precision === "int8" ? 0.1 : 0.02,
      );
    },
  );

  it("refuses float16 where gradients need what it does not compute", async () => {
    const graph = createGraph();
    const x = input(graph, "x", [2, 4]);
    const slope = gradients(mean(softmax(layerNorm(x))), [x])[0];
    await expect(compile({ slope: mul(slope, 1) }, node, { precision: "float16" })).rejects.toThrow(
      "a graph with gradients",
    );
  });

  it("refuses weights that are not in memory", async () => {
    const graph = createGraph();
    const weight = constant(graph, { location: "w", offset: 0, length: 8 }, { shape: [2], dtype: "float32" });
    const y = add(input(graph, "x", [2]), weight);
    await expect(compile({ y }, node, { precision: "int8" })).rejects.toThrow(
      "float32 for weights that stay in their file",
    );
  });
});
