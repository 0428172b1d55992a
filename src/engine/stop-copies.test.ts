import { describe, expect, it } from "vitest";
import { createGraph, input } from "./graph.ts";
import { emitModel } from "./onnx.ts";
import { mul } from "./ops/arithmetic.ts";
import { sum } from "./ops/reduce.ts";
import type { Session } from "./runtime.ts";
import { openNodeRuntime } from "./runtime-node.ts";
import { isStop, STOP, withStop } from "./stop-copies.ts";

const runtime = await openNodeRuntime({ threads: 1 });
const LARGE = 1 << 21;

/** Twice x, and its sum. */
async function open(length: number, fillsArrays: boolean): Promise<Session> {
  const x = input(createGraph(), "x", [length]);
  return await runtime.createSession(emitModel({ twice: mul(x, 2), total: sum(x) }), { fillsArrays });
}

const floats = (data: Float32Array) => ({ dtype: "float32" as const, shape: [data.length], data });

describe("a session that fills arrays", () => {
  it("writes to those it is given, and to new ones", async () => {
    const session = await open(3, true);
    const twice = floats(new Float32Array(3));
    for (const first of [1, 5]) {
      const results = await session.run({ x: floats(Float32Array.of(first, -2, 0)) }, { twice });
      expect(Object.keys(results).sort()).toEqual(["total", "twice"]);
      expect(results.twice).toBe(twice);
      expect([...twice.data]).toEqual([2 * first, -4, 0]);
      expect(results.total).toEqual({ dtype: "float32", shape: [], data: Float32Array.of(first - 2) });
    }
    await session.release();
  });

  it("makes no copy", async () => {
    const session = await open(LARGE, true);
    const [x, twice] = [floats(new Float32Array(LARGE)), floats(new Float32Array(LARGE))];
    const before = process.memoryUsage().arrayBuffers;
    await session.run({ x }, { twice });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
    await session.release();
  });

  it("says why a run fails", async () => {
    const session = await open(3, true);
    const run = session.run({ x: floats(Float32Array.of(1, 2)) }, {});
    await expect(run).rejects.toThrow(/^onnxruntime: the run failed: .*invalid dimensions for input: x/s);
    await session.release();
  });
});

it("ends a run of onnxruntime-node at the list, once its outputs are computed", async () => {
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const x = input(createGraph(), "x", [2]);
  const session = await InferenceSession.create(withStop(emitModel({ twice: mul(x, 2) })));
  expect(session.outputNames).toEqual([STOP, "twice"]);
  const twice = new Tensor("float32", new Float32Array(2), [2]);
  const feeds = { x: new Tensor("float32", Float32Array.of(1, 2), [2]) };
  const error: unknown = await session.run(feeds, { [STOP]: null, twice }).catch((reason) => reason);
  expect(isStop(error)).toBe(true);
  expect([...(twice.data as Float32Array)]).toEqual([2, 4]);
  expect(isStop(new Error("another"))).toBe(false);
});
