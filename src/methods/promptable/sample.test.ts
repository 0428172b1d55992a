import { describe, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import { encodeRle } from "../../core/rle.ts";
import type { Arrays } from "../../engine/index.ts";
import { pointKinds } from "../../models/sam/prompt-encoder.ts";
import { mask } from "../../testing/picture.ts";
import { drawSample, type MaskedPicture, type SampleOptions } from "./sample.ts";

/** A white square of 32 px on black, 64 px wide, and its mask. */
function square(): MaskedPicture {
  const [height, width] = [64, 64];
  const bits = Uint8Array.from({ length: height * width }, (_, p) => {
    const [y, x] = [Math.floor(p / width), p % width];
    return y >= 16 && y < 48 && x >= 16 && x < 48 ? 1 : 0;
  });
  const data = Uint8Array.from({ length: 3 * bits.length }, (_, p) => 255 * bits[Math.floor(p / 3)]);
  return { image: { height, width, data }, masks: [encodeRle({ height, width, data: bits })] };
}

function draw(picture: MaskedPicture, options: SampleOptions, seed: number): Arrays {
  const sample = drawSample(picture, options, random(seed));
  if (sample === null) throw new Error("expected a mask in the window");
  return sample;
}

const numbers = (sample: Arrays, name: string): number[] => Array.from(sample[name].data as Float32Array);

describe("drawSample", () => {
  const whole = { canvas: 64, side: 64, prompts: 4 };
  const seeds = Array.from({ length: 30 }, (_, k) => k);

  it("has arrays of the shapes that training is fed", () => {
    const shapes = Object.entries(draw(square(), whole, 0)).map(([name, { shape }]) => [name, shape]);
    expect(Object.fromEntries(shapes)).toEqual({
      pixels: [1, 3, 64, 64],
      origin: [1, 2],
      points: [4, 2, 2],
      kinds: [4, 2],
      targets: [4, 16, 16],
      hasMask: [4, 1, 1, 1],
      noise: [1, 256],
    });
  });

  it("has the mask where the object is", () => {
    for (const seed of seeds) {
      const sample = draw(square(), whole, seed);
      const [pixels, targets] = [numbers(sample, "pixels"), numbers(sample, "targets")];
      const [bright, dark] = [Math.max(...pixels), Math.min(...pixels.slice(0, 64 * 64))];
      if (bright - dark < 0.5) continue; // colors may fade
      targets.slice(0, 256).forEach((share, p) => {
        const [y, x] = [4 * Math.floor(p / 16), 4 * (p % 16)];
        const level = (pixels[(y + 1) * 64 + x + 1] + pixels[(y + 2) * 64 + x + 2]) / 2;
        if (share === 1) expect(level).toBeGreaterThan((bright + dark) / 2);
      });
      expect(targets.some((share) => share === 1)).toBe(true);
    }
  });

  it("asks by points on the mask and by boxes around it", () => {
    for (const seed of seeds) {
      const sample = draw(square(), whole, seed);
      const [points, kinds, targets] = ["points", "kinds", "targets"].map((name) => numbers(sample, name));
      for (let n = 0; n < 4; n++) {
        const [x0, y0, x1, y1] = points.slice(4 * n, 4 * n + 4).map((share) => 64 * share - 0.5);
        const own = targets.slice(256 * n, 256 * (n + 1));
        const columns = own.flatMap((share, p) => (share > 0 ? [p % 16] : []));
        if (kinds[2 * n] === pointKinds.positive) {
          expect(kinds[2 * n + 1]).toBe(pointKinds.padding);
          expect(own[16 * Math.floor(y0 / 4) + Math.floor(x0 / 4)]).toBeGreaterThan(0);
        } else {
          expect(kinds.slice(2 * n, 2 * n + 2)).toEqual([pointKinds.topLeft, pointKinds.bottomRight]);
          expect(Math.abs(x0 - 4 * Math.min(...columns))).toBeLessThan(14);
          expect(Math.abs(x1 - 4 * (Math.max(...columns) + 1))).toBeLessThan(14);
          expect(y1).toBeGreaterThan(y0);
        }
      }
    }
  });

  it("puts a window anywhere in the model's input", () => {
    const places = seeds.map((seed) =>
      numbers(draw(square(), { canvas: 128, side: 64, prompts: 1 }, seed), "origin"),
    );
    for (const place of places.flat()) expect([0, 0.125, 0.25, 0.375, 0.5]).toContain(place);
    expect(new Set(places.map(String)).size).toBeGreaterThan(10);
  });

  it("is null where nothing can be seen", () => {
    const { image } = square();
    const options = { canvas: 64, side: 64, prompts: 2 };
    expect(drawSample({ image, masks: [] }, options, random(0))).toBeNull();
    const nothing = encodeRle({ height: 64, width: 64, data: new Uint8Array(4096) });
    expect(drawSample({ image, masks: [nothing] }, options, random(0))).toBeNull();
  });

  it("takes pictures of a pixel, and long ones", () => {
    const one = { height: 1, width: 1, data: new Uint8Array(3) };
    const sample = drawSample({ image: one, masks: [encodeRle(mask("#"))] }, whole, random(1));
    expect(sample?.targets.shape).toEqual([4, 16, 16]);
    const long = { height: 1, width: 500, data: new Uint8Array(1500) };
    const bits = { height: 1, width: 500, data: new Uint8Array(500).fill(1) };
    // A line of 32 × 1 pixels is too little to ask for.
    const narrow = { ...whole, canvas: 32, side: 32 };
    expect(drawSample({ image: long, masks: [encodeRle(bits)] }, narrow, random(1))).toBeNull();
    const wide = { ...whole, canvas: 256, side: 256 };
    expect(drawSample({ image: long, masks: [encodeRle(bits)] }, wide, random(1))?.pixels.shape).toEqual([
      1, 3, 256, 256,
    ]);
  });
});
