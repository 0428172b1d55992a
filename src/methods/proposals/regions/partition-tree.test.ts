import { describe, expect, it } from "vitest";
import type { RgbImage } from "../../../core/image.ts";
import { random } from "../../../core/random.ts";
import { decodeRle, rleArea } from "../../../core/rle.ts";
import { draw } from "../../../testing/picture.ts";
import { buildPartitionTree, buildPartitionTrees } from "./hierarchies.ts";
import { nodeRle } from "./node-mask.ts";
import { selectByPoints } from "./tree-selection.ts";

/** Gray levels by a drawing of digits, each a block of `side` × `side` pixels. */
function blocks(drawing: string, side: number): RgbImage {
  const rows = drawing.split(" ");
  const height = rows.length * side;
  const width = rows[0].length * side;
  const data = new Uint8Array(3 * height * width);
  for (let i = 0, p = 0; i < height; i++)
    for (let j = 0; j < width; j++, p += 3)
      data.fill(25 * Number(rows[Math.floor(i / side)][Math.floor(j / side)]), p, p + 3);
  return { height, width, data };
}

/** One "#" or "." a block. */
function drawBlocks(image: RgbImage, side: number, area: Uint8Array): string {
  const height = image.height / side;
  const width = image.width / side;
  const data = Uint8Array.from(
    { length: height * width },
    (_, k) => area[Math.floor(k / width) * side * image.width + (k % width) * side],
  );
  return draw({ height, width, data });
}

const noise: RgbImage = (() => {
  const { integer } = random("noise");
  return { height: 40, width: 50, data: Uint8Array.from({ length: 6000 }, () => integer(256)) };
})();

describe("buildPartitionTree", () => {
  it("starts from flat blocks and ends with the whole picture", () => {
    const image = blocks("19 55", 8);
    const tree = buildPartitionTree(image);
    expect(tree.leafCount).toBe(3);
    expect(tree.nodeCount).toBe(5);
    expect(drawBlocks(image, 8, decodeRle(nodeRle(tree, 0)).data)).toBe("#. ..");
    expect(drawBlocks(image, 8, decodeRle(nodeRle(tree, 1)).data)).toBe(".# ..");
    expect(drawBlocks(image, 8, decodeRle(nodeRle(tree, 2)).data)).toBe(".. ##");
    expect(drawBlocks(image, 8, decodeRle(nodeRle(tree, 4)).data)).toBe("## ##");
    expect([...tree.stats.perimeter]).toEqual([16, 16, 16, expect.any(Number), 0]);
    expect([...tree.stats.border]).toEqual([16, 16, 32, expect.any(Number), 64]);
  });

  it("is one leaf for one pixel", () => {
    const tree = buildPartitionTree({ height: 1, width: 1, data: Uint8Array.of(1, 2, 3) });
    expect([tree.leafCount, tree.nodeCount, tree.parent[0]]).toEqual([1, 1, -1]);
    expect(draw(decodeRle(nodeRle(tree, 0)))).toBe("#");
  });

  it("nests: every node is its two children, and no height is less than theirs", () => {
    for (const tree of buildPartitionTrees(noise)) {
      expect(tree.leafCount).toBeGreaterThan(5);
      for (let node = tree.leafCount; node < tree.nodeCount; node++) {
        const [left, right] = tree.children.subarray(2 * node, 2 * node + 2);
        expect(tree.parent[left]).toBe(node);
        expect(tree.parent[right]).toBe(node);
        // Disjoint children add up to their parent, pixel by pixel.
        const rightMask = decodeRle(nodeRle(tree, right)).data;
        const sum = decodeRle(nodeRle(tree, left)).data.map((value, p) => value + rightMask[p]);
        expect(sum).toEqual(decodeRle(nodeRle(tree, node)).data);
        expect(tree.stats.area[node]).toBe(rleArea(nodeRle(tree, node)));
        expect(tree.heights[node]).toBeGreaterThanOrEqual(Math.max(tree.heights[left], tree.heights[right]));
      }
      expect(rleArea(nodeRle(tree, tree.nodeCount - 1))).toBe(40 * 50);
    }
  });
});

describe("selectByPoints", () => {
  const image = blocks("00000 05530 05530 00000", 8);
  const trees = buildPartitionTrees(image);
  const answer = (...points: Parameters<typeof selectByPoints>[1]): string => {
    const { tree, node } = selectByPoints(trees, points)!;
    return drawBlocks(image, 8, decodeRle(nodeRle(trees[tree], node)).data);
  };

  it("grows with positive points and shrinks with negative ones", () => {
    expect(answer({ x: 12, y: 12, positive: true }, { x: 28, y: 12, positive: true })).toBe(
      "..... .###. .###. .....",
    );
    expect(answer({ x: 12, y: 12, positive: true }, { x: 28, y: 12, positive: false })).toBe(
      "..... .##.. .##.. .....",
    );
  });

  it("has no answer without a positive point in the picture", () => {
    expect(selectByPoints(trees, [])).toBeNull();
    expect(selectByPoints(trees, [{ x: 40, y: 0, positive: true }])).toBeNull();
    expect(selectByPoints(trees, [{ x: 1, y: 1, positive: false }])).toBeNull();
  });
});
