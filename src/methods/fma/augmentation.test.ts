import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RgbImage } from "../../core/image.ts";
import { foregroundClasses } from "../../core/label-map.ts";
import { random } from "../../core/random.ts";
import { labels as draw } from "../../testing/picture.ts";
import { augment } from "./augmentation.ts";
import { hsvToRgb, jitterColors, rgbToHsv } from "./color-jitter.ts";

/** Red is the row, green the column: a picture that says where its pixels come from. */
function mapOf(height: number, width: number): RgbImage {
  const data = new Uint8Array(height * width * 3);
  for (let p = 0; p < height * width; p++) {
    data[3 * p] = Math.floor(p / width) % 256;
    data[3 * p + 1] = (p % width) % 256;
  }
  return { height, width, data };
}
const options = { side: 16, longSide: { low: 20, high: 34 } };

describe("augment", () => {
  it("gives the same square for the same seed, others for others", () => {
    const image = mapOf(20, 30);
    const squares = ["a", "a", "b"].map((seed) => augment(image, null, random(seed), options).image);
    expect(squares[0]).toEqual(squares[1]);
    expect(squares[0].data).not.toEqual(squares[2].data);
    expect([squares[0].height, squares[0].width]).toEqual([16, 16]);
  });

  it("moves labels as it moves pixels", () => {
    const width = 40;
    const image = { height: 40, width, data: new Uint8Array(40 * width * 3) };
    const labels = { height: 40, width, data: new Uint8Array(40 * width) };
    for (let p = 0; p < 40 * width; p++) {
      const isLeft = p % width < 20;
      image.data.fill(isLeft ? 250 : 5, 3 * p, 3 * p + 3);
      labels.data[p] = isLeft ? 7 : 0;
    }
    for (let seed = 0; seed < 20; seed++) {
      const square = augment(image, labels, random(seed), options);
      const wrong = square.labels.data.filter((id, p) => square.image.data[3 * p] > 127 !== (id === 7));
      // Nearest and bicubic part by a pixel at the border of the halves.
      expect(wrong.length).toBeLessThanOrEqual(16);
    }
  });

  it("mirrors half of the squares", () => {
    const image = mapOf(40, 40);
    const mirroredCount = Array.from({ length: 100 }, (_, seed) => {
      const { data } = augment(image, null, random(seed), options).image;
      return data[1] > data[3 * 15 + 1] ? 1 : 0;
    }).reduce((a: number, b) => a + b, 0);
    expect(mirroredCount).toBeGreaterThan(30);
    expect(mirroredCount).toBeLessThan(70);
  });

  it.each([
    [1, 1],
    [1, 5000],
    [5000, 1],
    [2, 3],
    [16, 16],
    [300, 17],
  ])("takes %i × %i pixels", (height, width) => {
    const image = mapOf(height, width);
    const seed = { height, width, data: new Uint8Array(height * width).fill(3) };
    const large = { side: 224, longSide: { low: 288, high: 480 } };
    const square = augment(image, seed, random("thin"), large);
    expect([square.image.data.length, square.labels.data.length]).toEqual([224 * 224 * 3, 224 * 224]);
    expect(foregroundClasses(square.labels)).toEqual([3]);
  });

  it("refuses what does not fit", () => {
    const image = mapOf(2, 3);
    expect(() => augment(image, draw("01"), random(1), options)).toThrow("2×3 like the image, got 1×2");
    expect(() => augment(image, null, random(1), { ...options, side: 0 })).toThrow("1 to 2048");
    expect(() => augment(image, null, random(1), { side: 4, longSide: { low: 9, high: 8 } })).toThrow(
      "low <=",
    );
  });
});

describe("jitterColors", () => {
  it("converts to hue, saturation and value and back", () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(byte, byte, byte, (r, g, b) => {
        const hsv = [0, 0, 0];
        const back = [0, 0, 0];
        rgbToHsv(r, g, b, hsv);
        hsvToRgb(hsv, back);
        expect(hsv[2]).toBe(Math.max(r, g, b));
        // A 256th of a turn is 6 steps of a color at most.
        [r, g, b].forEach((value, c) => {
          expect(Math.abs(value - back[c])).toBeLessThanOrEqual(4);
        });
      }),
    );
    const hues = [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [90, 90, 90],
    ].map(([r, g, b]) => {
      const hsv = [0, 0, 0];
      rgbToHsv(r, g, b, hsv);
      return hsv;
    });
    expect(hues).toEqual([
      [0, 255, 255],
      [85, 255, 255],
      [171, 255, 255],
      [0, 0, 90],
    ]);
  });

  it("keeps gray gray, changes each picture otherwise, and leaves the original alone", () => {
    const gray = { height: 1, width: 2, data: Uint8Array.of(100, 100, 100, 200, 200, 200) };
    const results = Array.from({ length: 40 }, (_, seed) => [...jitterColors(gray, random(seed)).data]);
    for (const [r, g, b] of results) expect([g, b]).toEqual([r, r]);
    expect(new Set(results.map(String)).size).toBeGreaterThan(20);
    expect([...gray.data]).toEqual([100, 100, 100, 200, 200, 200]);
  });
});
