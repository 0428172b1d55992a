import fc from "fast-check";
import { decode, encode } from "fast-png";
import { describe, expect, it } from "vitest";
import { vocPalette } from "../core/label-map.ts";
import { drawLabels, labels } from "../testing/picture.ts";
import { decodeLabelMap, encodeLabelMap, readLabelMap } from "./label-file.ts";

describe("encodeLabelMap", () => {
  it.each(["0", "x", "012 x00", "000 000", "xxx xxx", "0 1 2 3"])("brings %s back", (drawing) => {
    expect(drawLabels(decodeLabelMap(encodeLabelMap(labels(drawing)), "a.png"))).toBe(drawing);
  });

  it("writes 8-bit indices that another decoder reads, with VOC's palette", () => {
    const picture = decode(encodeLabelMap(labels("01f x00")));
    expect(picture).toMatchObject({ height: 2, width: 3, depth: 8, channels: 1 });
    expect([...picture.data]).toEqual([0, 1, 15, 255, 0, 0]);
    expect(picture.palette?.flat()).toEqual([...vocPalette()]);
  });

  it("takes a shorter palette and fills the rest from VOC's", () => {
    const { palette } = decode(encodeLabelMap(labels("012"), Uint8Array.of(9, 9, 9, 1, 2, 3)));
    expect(palette?.slice(0, 3)).toEqual([
      [9, 9, 9],
      [1, 2, 3],
      [0, 128, 0],
    ]);
    expect(palette).toHaveLength(256);
  });

  it.each([4, 769, 771])("refuses a palette of %d bytes", (length) => {
    expect(() => encodeLabelMap(labels("0"), new Uint8Array(length))).toThrow(
      "encodeLabelMap: palette: expected at most 256 × 3 bytes",
    );
  });

  it("brings back any map", () => {
    const map = fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }))
      .chain(([height, width]) =>
        fc.record({
          height: fc.constant(height),
          width: fc.constant(width),
          data: fc.uint8Array({ minLength: height * width, maxLength: height * width }),
        }),
      );
    fc.assert(
      fc.property(map, (drawn) => {
        const { height, width, data } = decodeLabelMap(encodeLabelMap(drawn), "a.png");
        expect({ height, width, data: [...data] }).toEqual({ ...drawn, data: [...drawn.data] });
      }),
    );
  });
});

describe("decodeLabelMap", () => {
  it("takes 16-bit values that fit 8 bits", () => {
    const bytes = encode({ height: 1, width: 3, channels: 1, depth: 16, data: Uint16Array.of(0, 20, 255) });
    expect(drawLabels(decodeLabelMap(bytes, "a.png"))).toBe("0kx");
  });

  it("names the first 16-bit value that does not", () => {
    const bytes = encode({ height: 2, width: 2, channels: 1, depth: 16, data: Uint16Array.of(0, 1, 2, 256) });
    expect(() => decodeLabelMap(bytes, "a.png")).toThrow(
      "a.png: row 1, column 1: expected a class id 0..255, got 256",
    );
  });

  it.each([
    [2, "gray+alpha"],
    [3, "rgb"],
    [4, "rgb+alpha"],
  ])("refuses a picture of %d channels", (channels, kind) => {
    const bytes = encode({ height: 1, width: 1, channels, data: new Uint8Array(channels) });
    expect(() => decodeLabelMap(bytes, "a.png")).toThrow(
      `a.png: expected a label map of one channel (palette or gray), got a picture of kind ${kind}`,
    );
  });
});

describe("readLabelMap", () => {
  it("says where nothing is", () => {
    expect(() => readLabelMap("no/such/map.png")).toThrow(
      "no/such/map.png: expected a file, got nothing there",
    );
  });
});
