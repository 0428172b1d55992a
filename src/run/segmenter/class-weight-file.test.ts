import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { readClassWeights } from "./class-weight-file.ts";

function read(value: unknown): Promise<number[]> {
  const folder = temporaryFolder();
  writeTree(folder, { "weights.json": JSON.stringify(value) });
  return readClassWeights(join(folder, "weights.json"), ["background", "cat", "dog"]);
}

describe("readClassWeights", () => {
  it("takes a list by class, or the weights of some by name", async () => {
    expect(await read([0.5, 1, 2])).toEqual([0.5, 1, 2]);
    expect(await read({ dog: 3, background: 0 })).toEqual([0, 1, 3]);
  });

  it.each([
    [[1, 1], /expected 3 weights, the background's first, got 2/],
    [{ bird: 1 }, /names of classes, got "bird"/],
    [{ dog: -1 }, /"dog": expected a number from 0, got -1/],
    [[1, "2", 3], /"cat": expected a number from 0, got "2"/],
    [[0, 0, 0], /a weight above 0, got 0 for every class/],
    [7, /a list of weights, or an object of weights by class, got 7/],
  ])("refuses %j", async (value, message) => {
    await expect(read(value)).rejects.toMatchObject({
      code: "BAD_FORMAT",
      message: expect.stringMatching(message),
    });
  });
});
