import { describe, expect, it } from "vitest";
import { cropImage, cropRows } from "./crop.ts";

describe("cropRows", () => {
  const data = Uint8Array.of(0, 1, 2, 3, 4, 5);

  it("has the window's pixels in order", () => {
    expect(cropRows(data, { width: 3, channels: 1 }, { x0: 1, y0: 0, x1: 3, y1: 2 })).toEqual(
      Uint8Array.of(1, 2, 4, 5),
    );
    expect(cropRows(data, { width: 1, channels: 2 }, { x0: 0, y0: 2, x1: 1, y1: 3 })).toEqual(
      Uint8Array.of(4, 5),
    );
  });

  it("of an empty window is empty", () => {
    expect(cropRows(data, { width: 3, channels: 1 }, { x0: 1, y0: 1, x1: 1, y1: 2 })).toEqual(
      new Uint8Array(0),
    );
  });
});

describe("cropImage", () => {
  const image = { height: 2, width: 3, data: Uint8Array.from({ length: 18 }, (_, p) => p) };

  it("has the pixels of the box", () => {
    expect(cropImage(image, { x0: 1, y0: 1, x1: 3, y1: 2 })).toEqual({
      height: 1,
      width: 2,
      data: Uint8Array.of(12, 13, 14, 15, 16, 17),
    });
  });

  it("does not copy the whole picture", () => {
    expect(cropImage(image, { x0: 0, y0: 0, x1: 3, y1: 2 })).toBe(image);
  });
});
