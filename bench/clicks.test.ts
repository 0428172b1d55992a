import { describe, expect, it } from "vitest";
import type { Box } from "../src/core/geometry.ts";
import { encodeRle, rleBox } from "../src/core/rle.ts";
import { mask } from "../src/testing/picture.ts";
import type { BoxedPhoto } from "./boxed-photos.ts";
import { clickCenter, clickDeepest, hasCenter } from "./clicks.ts";

function object(drawing: string): BoxedPhoto["objects"][number] {
  const truth = encodeRle(mask(drawing));
  return { box: rleBox(truth) as Box, truth };
}

const at = (x: number, y: number): unknown => ({
  kind: "points",
  points: [{ x: x + 0.5, y: y + 0.5, positive: true }],
});

const spoon = object("........ ###..... ######## ###..... ........");
const ring = object("##### #...# #...# #...#");

describe("clickDeepest", () => {
  it("is on the first of the pixels farthest from the border", () => {
    expect(clickDeepest(spoon)).toEqual(at(1, 2));
    expect(clickDeepest(ring)).toEqual(at(0, 0));
    expect(clickDeepest(object("#"))).toEqual(at(0, 0));
  });
});

describe("clickCenter", () => {
  it("is on the pixel at the center of the box", () => {
    expect(hasCenter(spoon)).toBe(true);
    expect(clickCenter(spoon)).toEqual(at(4, 2));
    expect(clickCenter(object("... .##"))).toEqual(at(2, 1));
    const thin = { ...spoon, box: { x0: 0.2, y0: 1, x1: 3.7, y1: 4 } };
    expect(clickCenter(thin)).toEqual(at(1, 2));
  });

  it("is on the deepest pixel where that is not the object's", () => {
    expect(hasCenter(ring)).toBe(false);
    expect(clickCenter(ring)).toEqual(clickDeepest(ring));
  });
});
