import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { temporaryFolder } from "../testing/tree.ts";
import { compile } from "./compile.ts";
import { constant, createGraph, input } from "./graph.ts";
import { add, mul } from "./ops/arithmetic.ts";
import { greater } from "./ops/compare.ts";
import { linear } from "./ops/linear.ts";
import { sum } from "./ops/reduce.ts";
import { openNodeRuntime } from "./runtime-node.ts";

const runtime = await openNodeRuntime({ threads: 1 });

function floats(shape: readonly number[], ...numbers: readonly number[]): NdArray<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(numbers) };
}

describe("compile", () => {
  it("runs a graph by the names of its inputs and outputs", async () => {
    const graph = createGraph();
    const x = input(graph, "x", [2, 3]);
    const doubled = mul(x, 2);
    const executable = await compile({ doubled, total: sum(doubled), isLarge: greater(x, 3) }, runtime);
    expect(executable.inputs).toEqual([{ name: "x", shape: [2, 3], dtype: "float32" }]);
    expect(await executable.run({ x: floats([2, 3], 1, 2, 3, 4, 5, 6) })).toEqual({
      doubled: floats([2, 3], 2, 4, 6, 8, 10, 12),
      total: floats([], 42),
      isLarge: { dtype: "bool", shape: [2, 3], data: Uint8Array.of(0, 0, 0, 1, 1, 1) },
    });
    await executable.dispose();
  });

  it("takes views, and memory that threads share", async () => {
    const x = input(createGraph(), "x", [2]);
    const executable = await compile({ y: add(x, 1) }, runtime);
    const data = Float32Array.of(0, 7, 8, 0).subarray(1, 3);
    expect((await executable.run({ x: { dtype: "float32", shape: [2], data } })).y).toEqual(
      floats([2], 8, 9),
    );
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([5, 6]);
    const { y } = await executable.run({ x: { dtype: "float32", shape: [2], data: shared } });
    expect(y).toEqual(floats([2], 6, 7));
    await executable.dispose();
  });

  it("writes to arrays that are given, and makes the others", async () => {
    const x = input(createGraph(), "x", [2]);
    const executable = await compile({ y: add(x, 1), z: mul(x, 3) }, runtime);
    const flat = new Float32Array(5).fill(-1);
    const y: NdArray = { dtype: "float32", shape: [2], data: flat.subarray(2, 4) };
    const results = await executable.run({ x: floats([2], 1, 2) }, { y });
    expect(results.y).toBe(y);
    expect(results.z).toEqual(floats([2], 3, 6));
    expect([...flat]).toEqual([-1, -1, 2, 3, -1]);
    await executable.dispose();
  });

  it("gives a name one number at each run", async () => {
    const graph = createGraph();
    const [a, b] = [input(graph, "a", ["n", 2]), input(graph, "b", ["n", 1])];
    const executable = await compile({ y: add(a, b) }, runtime);
    for (const n of [1, 3]) {
      const { y } = await executable.run({
        a: floats([n, 2], ...Array<number>(2 * n).fill(1)),
        b: floats([n, 1], ...Array<number>(n).fill(2)),
      });
      expect(y).toEqual(floats([n, 2], ...Array<number>(2 * n).fill(3)));
    }
    await expect(executable.run({ a: floats([1, 2], 1, 1), b: floats([3, 1], 1, 1, 1) })).rejects.toThrow(
      'run: input "b": expected float32 [n, 1], got float32 [3, 1]',
    );
    await executable.dispose();
  });

  it.each<[what: string, feeds: Readonly<Record<string, NdArray>>, message: string]>([
    ["is missing", {}, 'run: input "x": expected float32 [2], got none'],
    ["has another shape", { x: floats([1, 2], 1, 2) }, "expected float32 [2], got float32 [1, 2]"],
    [
      "has another dtype",
      { x: { dtype: "int32", shape: [2], data: Int32Array.of(1, 2) } },
      "expected float32 [2], got int32 [2]",
    ],
    ["is too short for its shape", { x: floats([2], 1) }, "expected 2 numbers for float32 [2], got 1"],
    [
      "is not one of the graph's",
      { x: floats([2], 1, 2), z: floats([2], 1, 2) },
      'inputs of the graph (x), got "z"',
    ],
  ])("refuses an input that %s", async (_, feeds, message) => {
    const executable = await compile({ y: add(input(createGraph(), "x", [2]), 1) }, runtime);
    await expect(executable.run(feeds)).rejects.toThrow(message);
    await executable.dispose();
  });

  it("makes runs asked for at once one after another, and frees the session after them", async () => {
    const executable = await compile({ y: add(input(createGraph(), "x", [1]), 1) }, runtime);
    const runs = [1, 2, 3].map((value) => executable.run({ x: floats([1], value) }));
    await Promise.all([executable.dispose(), executable.dispose()]);
    expect((await Promise.all(runs)).map(({ y }) => y.data[0])).toEqual([2, 3, 4]);
    await expect(executable.run({ x: floats([1], 1) })).rejects.toThrow("disposed of");
  });

  it("writes a trace, and gives memory back after each run, when asked to", async () => {
    const folder = temporaryFolder();
    const options = { profile: join(folder, "trace"), releaseMemory: true };
    const executable = await compile({ y: add(input(createGraph(), "x", [1]), 1) }, runtime, options);
    expect((await executable.run({ x: floats([1], 4) })).y).toEqual(floats([1], 5));
    await executable.dispose();
    const [name] = readdirSync(folder);
    const events = JSON.parse(readFileSync(join(folder, name), "utf8")) as { name: string }[];
    expect(events.filter((event) => event.name === "model_run")).toHaveLength(1);
  });

  it("estimates its memory from weights and from what lives at the same time", async () => {
    const graph = createGraph();
    const x = input(graph, "x", [1000, 1000]);
    const weight = constant(graph, new Float32Array(1e6), { shape: [1000, 1000] });
    const executable = await compile({ y: sum(linear(add(x, 1), weight)) }, runtime);
    // x and x + 1, then x + 1 and the product: 8 MB; the weight, 4 MB, 1.3 times.
    expect(executable.bytes).toBeGreaterThan(13.2e6);
    expect(executable.bytes).toBeLessThan(13.5e6);
    await executable.dispose();
  });
});

describe("openNodeRuntime", () => {
  it("says in one line which device is not there", async () => {
    const opening = openNodeRuntime({ device: ["directml", "coreml"] });
    await expect(opening).rejects.toMatchObject({
      code: "MODEL",
      message: expect.stringMatching(
        /^device: expected one that is there, got directml: \[dml\] backend not found\.; coreml: [^\n]*$/,
      ),
      hint: "DirectML is there on Windows only",
    });
  });

  it("falls back to the next device", async () => {
    expect((await openNodeRuntime({ device: ["directml", "cpu"] })).device).toBe("cpu");
  });
});
