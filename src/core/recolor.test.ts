import { describe, expect, it } from "vitest";
import { recolor } from "./recolor.ts";

describe("recolor", () => {
  const image = { height: 1, width: 2, data: Uint8Array.of(100, 50, 0, 200, 200, 200) };

  it("changes brightness, contrast and saturation, within 0 and 255", () => {
    expect([...recolor(image, {}).data]).toEqual([...image.data]);
    expect([...recolor(image, { brightness: 2 }).data]).toEqual([200, 100, 0, 255, 255, 255]);
    expect([...recolor(image, { saturation: 0 }).data]).toEqual([59, 59, 59, 200, 200, 200]);
    expect(new Set(recolor(image, { contrast: 0 }).data)).toEqual(new Set([130]));
    expect([...image.data]).toEqual([100, 50, 0, 200, 200, 200]);
  });

  it("refuses factors that are none", () => {
    expect(() => recolor(image, { contrast: -1 })).toThrow(
      "recolor: contrast: expected a number >= 0, got -1",
    );
  });
});
