import { describe, expect, it } from "vitest";
import { decodeRle } from "../../../core/rle.ts";
import { draw } from "../../../testing/picture.ts";
import { labelRuns, runsToRle } from "./label-runs.ts";

const superpixels = { height: 2, width: 3, labels: Int32Array.of(0, 0, 1, 2, 1, 1), count: 3 };

describe("labelRuns and runsToRle", () => {
  it.each([
    [[1, 0, 0], "##. ..."],
    [[0, 1, 0], "..# .##"],
    [[1, 0, 1], "##. #.."],
    [[1, 1, 1], "### ###"],
    [[0, 0, 0], "... ..."],
  ])("draws the union of regions %j", (inside, expected) => {
    const rle = runsToRle(labelRuns(superpixels, superpixels), Uint8Array.from(inside));
    expect(draw(decodeRle(rle))).toBe(expected);
  });

  it("enlarges to the picture's size", () => {
    const rle = runsToRle(labelRuns(superpixels, { height: 4, width: 7 }), Uint8Array.of(0, 1, 0));
    expect(draw(decodeRle(rle))).toBe(".....## .....## ..##### ..#####");
  });
});
