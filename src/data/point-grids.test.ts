import { describe, expect, it } from "vitest";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { readPointGrids } from "./point-grids.ts";

function read(content: string): ReturnType<typeof readPointGrids> {
  const folder = temporaryFolder();
  writeTree(folder, { "grids.json": content });
  return readPointGrids(`${folder}/grids.json`);
}

describe("readPointGrids", () => {
  it("reads a grid for each layer", async () => {
    expect(await read("[[[0, 1]], [[0.5, 0.25], [1, 0]]]")).toEqual([
      [{ x: 0, y: 1 }],
      [
        { x: 0.5, y: 0.25 },
        { x: 1, y: 0 },
      ],
    ]);
  });

  it.each([
    ["{}", "content: expected a list of grids, each a list of points [x, y], got {}"],
    ["[]", "content: expected at least one grid, got []"],
    ["[[]]", "[0]: expected at least one point, got []"],
    ["[[[0.5]]]", "[0][0]: expected [x, y], got [0.5]"],
    ["[[[0.5, 1.5]]]", "[0][0][1]: expected 0 to 1, got 1.5"],
    ['[[["a", -1]]]', '2 problems\n  [0][0][0]: expected a number, got "a"\n  [0][0][1]: expected 0 to 1'],
  ])("refuses %s", async (content, message) => {
    await expect(read(content)).rejects.toThrow(message);
  });
});
