import { describe, expect, it } from "vitest";
import { compile, type Executable } from "./compile.ts";
import { createExecutableCache } from "./executable-cache.ts";
import { constant, createGraph, input } from "./graph.ts";
import { linear } from "./ops/linear.ts";
import { sum } from "./ops/reduce.ts";
import { openNodeRuntime } from "./runtime-node.ts";

/** An executable of a given size that writes down its end. */
function fake(name: string, bytes: number, disposed: string[]): () => Promise<Executable> {
  return async () => ({
    inputs: [],
    bytes,
    run: async () => ({}),
    dispose: async () => void disposed.push(name),
  });
}

const nothing = async (): Promise<void> => {};

describe("createExecutableCache", () => {
  it("drops what was used least recently when the rest does not fit", async () => {
    const disposed: string[] = [];
    const cache = createExecutableCache(10);
    for (const name of ["a", "b", "a", "c"]) await cache.use(name, fake(name, 4, disposed), nothing);
    expect(disposed).toEqual(["b"]);
    expect(cache.bytes).toBe(8);
    await cache.clear();
    expect(disposed).toEqual(["b", "a", "c"]);
    expect(cache.bytes).toBe(0);
  });

  it("keeps what is in use, and compiles once for those who ask at once", async () => {
    const disposed: string[] = [];
    const cache = createExecutableCache(5);
    let built = 0;
    const build = (): Promise<Executable> => {
      built++;
      return fake("a", 4, disposed)();
    };
    let release = (): void => {};
    const held = cache.use("a", build, () => new Promise<void>((resolve) => (release = resolve)));
    await cache.use("a", build, nothing);
    await cache.use("b", fake("b", 4, disposed), nothing);
    expect(built).toBe(1);
    expect(disposed).toEqual(["b"]);
    await cache.clear();
    expect(disposed).toEqual(["b"]);
    release();
    await held;
    expect(disposed).toEqual(["b", "a"]);
  });

  it("uses what is too large for it, and drops that at once", async () => {
    const disposed: string[] = [];
    const cache = createExecutableCache(5);
    expect(await cache.use("a", fake("a", 6, disposed), async ({ bytes }) => bytes)).toBe(6);
    expect(disposed).toEqual(["a"]);
  });

  it("forgets what could not be compiled", async () => {
    const cache = createExecutableCache(5);
    const fail = async (): Promise<Executable> => {
      throw new Error("no");
    };
    await expect(cache.use("a", fail, nothing)).rejects.toThrow("no");
    expect(await cache.use("a", fake("a", 1, []), async ({ bytes }) => bytes)).toBe(1);
  });

  it("refuses a limit that is no number", () => {
    expect(() => createExecutableCache(Number.NaN)).toThrow("createExecutableCache: maxBytes");
  });
});

describe("100 different shapes", () => {
  it("take flat memory", async () => {
    const runtime = await openNodeRuntime({ threads: 1 });
    const cache = createExecutableCache(60e6);
    const weights = new Float32Array(1024 * 1024).fill(1 / 1024);
    const resident: number[] = [];
    for (let rows = 1; rows <= 100; rows++) {
      const build = (): Promise<Executable<"total">> => {
        const graph = createGraph();
        const weight = constant(graph, weights, { shape: [1024, 1024] });
        let x = input(graph, "x", [rows, 1024]);
        for (let layer = 0; layer < 4; layer++) x = linear(x, weight);
        return compile({ total: sum(x) }, runtime);
      };
      const data = new Float32Array(rows * 1024).fill(1);
      const total = await cache.use(`${rows}`, build, async ({ run }) => {
        const results = await run({ x: { dtype: "float32", shape: [rows, 1024], data } });
        return results.total.data[0];
      });
      expect(total).toBeCloseTo(rows * 1024, 0);
      expect(cache.bytes).toBeLessThan(60e6);
      resident.push(process.memoryUsage().rss);
    }
    const [early, late] = [resident.slice(30, 40), resident.slice(90)].map((each) => Math.max(...each));
    console.info(
      `100 shapes, 60 MB cache: ${Math.round(early / 1e6)} MB after 40, ${Math.round(late / 1e6)} MB after 100`,
    );
    await cache.clear();
    // Without the limit the 60 sessions in between would have added 300 MB and more.
    expect(late - early).toBeLessThan(60e6);
  });
});
