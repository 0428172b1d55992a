import { describe, expect, it } from "vitest";
import { chooseDistinct } from "./distinct.ts";
import { edgeQueue } from "./edge-queue.ts";
import { buildPartitionTrees } from "./hierarchies.ts";

/** Three bars: leaves 0, 1, 2 of 100 pixels each; node 3 is two of them, node 4 all. */
const trees = buildPartitionTrees({
  height: 10,
  width: 30,
  data: Uint8Array.from({ length: 900 }, (_, k) => [0, 100, 255][Math.floor((k % 90) / 30)]),
}).slice(0, 1);
const candidate = (node: number, quality: number) => ({ tree: 0, node, quality });

describe("chooseDistinct", () => {
  it("takes the best first and leaves duplicates out", () => {
    const candidates = [candidate(0, 0.5), candidate(1, 0.9), candidate(1, 0.8), candidate(2, 0.9)];
    const chosen = chooseDistinct(trees, candidates, { count: 9, maxIou: 0.9, redundancy: 0 });
    expect(chosen.map(({ node }) => node)).toEqual([1, 2, 0]);
    expect(chosen[0].stability).toBe(1);
  });

  it("prefers what is unlike the chosen ones, and stops at the count", () => {
    const [left] = trees[0].children.subarray(6, 8);
    const other = [0, 1, 2].find((leaf) => trees[0].parent[leaf] === 4) as number;
    // Node 3 has an IoU of 1/2 with its child, 0 with the leaf beside it.
    const candidates = [candidate(3, 0.9), candidate(left, 0.5), candidate(other, 0.45)];
    const options = { count: 2, maxIou: 0.9 };
    const plain = chooseDistinct(trees, candidates, { ...options, redundancy: 0 });
    const diverse = chooseDistinct(trees, candidates, { ...options, redundancy: 0.2 });
    expect(plain.map(({ node }) => node)).toEqual([3, left]);
    expect(diverse.map(({ node }) => node)).toEqual([3, other]);
  });
});

describe("edgeQueue", () => {
  it("gives edges by key, then by id", () => {
    const queue = edgeQueue();
    [5, 1, 4, 1, 3, 9, 2, 6].forEach((key, edge) => {
      queue.push(edge, key);
    });
    expect(Array.from({ length: 9 }, () => queue.pop())).toEqual([1, 3, 6, 4, 2, 0, 7, 5, -1]);
  });
});
