import { describe, expect, it } from "vitest";
import { labels } from "../../../testing/picture.ts";
import { felzenszwalb } from "./felzenszwalb.ts";

/** Regions of a drawing of gray levels, ten Lab units a step, as digits. */
function segment(drawing: string, options = { scale: 20, minArea: 1 }): string {
  const picture = labels(drawing);
  const zero = new Float32Array(picture.data.length);
  const planes = { L: Float32Array.from(picture.data, (level) => 10 * level), a: zero, b: zero };
  const { labels: ids, width } = felzenszwalb(planes, picture, options);
  return drawing
    .split(" ")
    .map((_, i) => ids.subarray(i * width, (i + 1) * width).join(""))
    .join(" ");
}

describe("felzenszwalb", () => {
  it("numbers flat regions by their first pixel", () => {
    expect(segment("1199 1199 5559", { scale: 1, minArea: 1 })).toBe("0011 0011 2221");
  });

  it("joins over corners", () => {
    expect(segment("900 090 009", { scale: 1, minArea: 1 })).toBe("011 101 110");
  });

  it("joins across a step that is small for the regions' size", () => {
    expect(segment("0011", { scale: 21, minArea: 1 })).toBe("0000");
    expect(segment("0011", { scale: 19, minArea: 1 })).toBe("0011");
  });

  it("joins small regions to the most similar neighbor", () => {
    expect(segment("0003999", { scale: 1, minArea: 2 })).toBe("0000111");
    expect(segment("0007999", { scale: 1, minArea: 2 })).toBe("0001111");
  });

  it("has one region in one pixel, and in a picture smaller than a region may be", () => {
    expect(segment("5")).toBe("0");
    expect(segment("09 90 09", { scale: 1, minArea: 100 })).toBe("00 00 00");
  });
});
