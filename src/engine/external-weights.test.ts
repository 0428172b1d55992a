import { randomFillSync } from "node:crypto";
import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { float32ToHalf } from "../core/half.ts";
import { writeSafetensors } from "../core/safetensors.ts";
import { temporaryFolder } from "../testing/tree.ts";
import { byteSource } from "./byte-source.ts";
import { compile } from "./compile.ts";
import { frozenWeights } from "./external-weights.ts";
import { type ConstantAttributes, createGraph, input, isExternal, type Tensor } from "./graph.ts";
import { add, mul } from "./ops/arithmetic.ts";
import { gather } from "./ops/indexing.ts";
import { openNodeRuntime } from "./runtime-node.ts";
import type { TensorToWrite } from "./safetensors-stream.ts";
import { openWeights } from "./weight-file.ts";
import { openWeightFile, writeSafetensorsFile } from "./weight-file-node.ts";

const half: NdArray = { dtype: "float16", shape: [2], data: float32ToHalf(Float32Array.of(0.5, -3)) };
const scale: NdArray = { dtype: "float32", shape: [2], data: Float32Array.of(7, 8) };
const tensors = new Map([
  ["half", half],
  ["scale", scale],
]);

const x: NdArray = { dtype: "float32", shape: [2], data: Float32Array.of(10, 20) };

describe("frozenWeights", () => {
  it.each([0, 64e6])(
    "gives the same numbers from the file and from memory (large from %d bytes)",
    async (largeBytes) => {
      const path = join(temporaryFolder(), "weights.safetensors");
      writeSafetensorsFile(
        path,
        new Map([...tensors].map(([name, tensor]) => [name, { ...tensor, read: () => tensor }])),
      );
      const file = openWeightFile(path);
      const graph = createGraph();
      const weight = frozenWeights(graph, file, { location: basename(path), largeBytes });
      expect(isInFile(weight("scale"))).toBe(largeBytes === 0);
      const y = add(mul(input(graph, "x", [2]), weight("scale")), weight("half"));
      const runtime = await openNodeRuntime({ threads: 1 });
      const executable = await compile({ y }, runtime, { folder: dirname(path) });
      expect([...((await executable.run({ x })).y.data as Float32Array)]).toEqual([70.5, 157]);
      await executable.dispose();
      file.close();
    },
  );

  it("reads everything when it is not told where the file is, and each name once", () => {
    const graph = createGraph();
    const weight = frozenWeights(graph, openWeights(byteSource(writeSafetensors(tensors)), "w"), {
      largeBytes: 0,
    });
    expect(isInFile(weight("scale"))).toBe(false);
    expect(weight("scale")).toBe(weight("scale"));
    expect(() => weight("bias")).toThrow('w: expected a tensor "bias", got none');
  });
});

const COLUMNS = 65_536;
const ROWS = 512;
/** 16 tensors of 134 MB: 2.15 GB, more than a model can hold. */
const COUNT = 16;

const freeBytes = (({ bavail, bsize }) => bavail * bsize)(statfsSync(tmpdir()));
const hasRoom = freeBytes > 6e9;
if (!hasRoom)
  console.warn(`SKIPPED: 2.1 GB of weights need 6 GB free, ${tmpdir()} has ${(freeBytes / 1e9).toFixed(1)}`);

describe.skipIf(!hasRoom)("2.1 GB of weights", () => {
  it("stay in their file", async () => {
    const path = join(temporaryFolder(), "large.safetensors");
    const expected = new Map<string, number>();
    writeSafetensorsFile(
      path,
      new Map(Array.from({ length: COUNT }, (_, i) => randomTensor(`w${i}`, expected))),
    );
    globalThis.gc?.();
    const file = openWeightFile(path);
    const graph = createGraph();
    const weight = frozenWeights(graph, file, { location: basename(path) });
    const row = input(graph, "row", [1], "int64");
    const outputs = Object.fromEntries(
      [...file.tensors.keys()].map((name) => [`${name} row`, gather(weight(name), row)]),
    );
    const before = process.memoryUsage().arrayBuffers;
    const executable = await compile(outputs, await openNodeRuntime(), { folder: dirname(path) });
    const results = await executable.run({
      row: { dtype: "int64", shape: [1], data: BigInt64Array.of(300n) },
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6);
    for (const [name, number] of expected) expect(results[`${name} row`].data[17], name).toBe(number);
    await executable.dispose();
    file.close();
  });
});

/** Random floats in [0.5, 1); one of them is written down. */
function randomTensor(name: string, expected: Map<string, number>): [string, TensorToWrite] {
  const read = (): NdArray => {
    const data = new Float32Array(ROWS * COLUMNS);
    const words = new Uint32Array(data.buffer);
    randomFillSync(words);
    for (let p = 0; p < words.length; p++) words[p] = 0x3f000000 | (words[p] >>> 9);
    expected.set(name, data[300 * COLUMNS + 17]);
    return { dtype: "float32", shape: [ROWS, COLUMNS], data };
  };
  return [name, { dtype: "float32", shape: [ROWS, COLUMNS], read }];
}

function isInFile({ node }: Tensor): boolean {
  return isExternal((node.attributes as ConstantAttributes).data);
}
