import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { MaskwrightError } from "../core/error.ts";
import { makePng, pngChunk, pngHeader, pngStart } from "../testing/png.ts";
import { readNpz } from "./npz.ts";
import { encodeJpeg, photoSize, readPhoto } from "./photo.ts";

const folder = mkdtempSync(join(tmpdir(), "photo-"));
afterAll(() => rmSync(folder, { recursive: true }));

function put(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** 2 × 3: a red, a green and a blue pixel above three gray ones. */
const pixels = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 10, 10, 20, 20, 20, 30, 30, 30);
const colors = { height: 2, width: 3, data: pixels };
const picture = () => sharp(pixels, { raw: { height: 2, width: 3, channels: 3 } });

async function failure(action: Promise<unknown>): Promise<MaskwrightError> {
  const error: unknown = await action.catch((reason: unknown) => reason);
  if (!(error instanceof MaskwrightError)) throw new Error(`no MaskwrightError but ${error}`);
  expect(error.message).not.toContain("\n");
  return error;
}

describe("readPhoto", () => {
  it.each(["png", "webp", "tiff"] as const)("reads exact pixels of a lossless %s", async (format) => {
    const path = put(
      `a.${format}`,
      await picture().toFormat(format, { lossless: true, compression: "lzw" }).toBuffer(),
    );
    expect(await readPhoto(path)).toEqual(colors);
    expect(await photoSize(path)).toEqual({ height: 2, width: 3 });
  });

  it("reads a JPEG of 1 × 1 pixel", async () => {
    const dot = sharp({
      create: { height: 1, width: 1, channels: 3, background: { r: 200, g: 200, b: 200 } },
    });
    const path = put("dot.jpg", await dot.jpeg().toBuffer());
    expect(await readPhoto(path)).toEqual({ height: 1, width: 1, data: Uint8Array.of(200, 200, 200) });
  });

  it("turns the picture as EXIF says", async () => {
    // Orientation 6: the first row of the file is the right side of the picture.
    const path = put(
      "turned.tiff",
      await picture().tiff({ compression: "lzw" }).withMetadata({ orientation: 6 }).toBuffer(),
    );
    expect(await photoSize(path)).toEqual({ height: 3, width: 2 });
    expect(await readPhoto(path)).toEqual({
      height: 3,
      width: 2,
      data: Uint8Array.of(10, 10, 10, 255, 0, 0, 20, 20, 20, 0, 255, 0, 30, 30, 30, 0, 0, 255),
    });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("gives the size of orientation %d as it is seen", async (orientation) => {
    const path = put(
      `turned${orientation}.jpg`,
      await picture().jpeg().withMetadata({ orientation }).toBuffer(),
    );
    const size = orientation < 5 ? { height: 2, width: 3 } : { height: 3, width: 2 };
    expect(await photoSize(path)).toEqual(size);
    expect(await readPhoto(path)).toMatchObject(size);
  });

  it("makes three channels of gray, and 8 bits of 16", async () => {
    const gray = put("gray.png", makePng({ height: 1, width: 2, samples: [7, 250] }));
    expect([...(await readPhoto(gray)).data]).toEqual([7, 7, 7, 250, 250, 250]);
    const deep = put("deep.png", makePng({ height: 1, width: 2, bitDepth: 16, samples: [0x0700, 0xfaff] }));
    expect([...(await readPhoto(deep)).data]).toEqual([7, 7, 7, 250, 250, 250]);
    const bits = put("bits.png", makePng({ height: 1, width: 2, bitDepth: 1, samples: [0, 1] }));
    expect([...(await readPhoto(bits)).data]).toEqual([0, 0, 0, 255, 255, 255]);
  });

  it("drops alpha and keeps the color under it", async () => {
    const rgba = { height: 1, width: 2, colorType: 6, samples: [1, 2, 3, 0, 4, 5, 6, 255] };
    expect([...(await readPhoto(put("rgba.png", makePng(rgba)))).data]).toEqual([1, 2, 3, 4, 5, 6]);
    const grayAlpha = { height: 1, width: 1, colorType: 4, samples: [9, 128] };
    expect([...(await readPhoto(put("ga.png", makePng(grayAlpha)))).data]).toEqual([9, 9, 9]);
  });

  it("names the path of a photo that ends early", async () => {
    const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, k) => (k * k * 31) & 255);
    const whole = await sharp(noise, { raw: { height: 64, width: 64, channels: 3 } })
      .jpeg()
      .toBuffer();
    const path = put("short.jpg", whole.subarray(0, whole.length / 2));
    const { code, message, hint } = await failure(readPhoto(path));
    expect(code).toBe("BAD_FORMAT");
    expect(message).toMatch(/short\.jpg: expected a photo .*, got a file that cannot be decoded \(.*end/i);
    expect(hint).toContain("not written to its end");
  });

  it.each([
    ["text named .jpg", "text.jpg", "This is no picture."],
    ["an empty file", "empty.jpg", ""],
  ])("refuses %s", async (_, name, content) => {
    const path = put(name, content);
    for (const error of [await failure(readPhoto(path)), await failure(photoSize(path))]) {
      expect(error.code).toBe("BAD_FORMAT");
      expect(error.message).toContain(`${path}: expected a photo (JPEG, PNG, WebP, TIFF, GIF or AVIF)`);
    }
  });

  it("does not run an SVG", async () => {
    const path = put("drawing.png", '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    expect((await failure(readPhoto(path))).message).toContain("AVIF), got svg");
  });

  it("refuses 60,000 × 60,000 by the header", async () => {
    const header = pngHeader({ height: 60_000, width: 60_000 });
    const path = put("huge.png", Buffer.concat([pngStart, header, pngChunk("IDAT", new Uint8Array(9))]));
    expect((await failure(readPhoto(path))).message).toBe(
      `${path}: expected a height and width of at least 1 and at most 100000000 pixels, got 60000×60000`,
    );
  });

  it("says where nothing is", async () => {
    expect((await failure(readPhoto(join(folder, "none.jpg")))).code).toBe("NOT_FOUND");
  });
});

describe("encodeJpeg", () => {
  const gray = { height: 40, width: 60, data: new Uint8Array(40 * 60 * 3).fill(128) };

  it("keeps the size unless it is told a smaller one", async () => {
    for (const [maxSide, height, width] of [
      [undefined, 40, 60],
      [30, 20, 30],
      [600, 40, 60],
    ] as const) {
      const bytes = await encodeJpeg(gray, maxSide === undefined ? {} : { maxSide });
      expect(await sharp(bytes).metadata()).toMatchObject({ format: "jpeg", height, width });
    }
  });

  it("comes back nearly the same", async () => {
    const { data } = await readPhoto(put("back.jpg", await encodeJpeg(gray, { quality: 95 })));
    for (const value of data) expect(Math.abs(value - 128)).toBeLessThanOrEqual(1);
  });
});

/** Drawn by fixtures/make-photos.py, with the pixels that Pillow sees. */
const fixtures = new URL("../../fixtures/photos/", import.meta.url);

describe("readPhoto against Pillow", () => {
  const pixels = readNpz(readFileSync(new URL("pixels.npz", fixtures)), "pixels.npz");

  it.each([...pixels.keys()])("%s", async (name) => {
    const { shape, data: wanted } = pixels.get(name) as NdArray<"uint8">;
    const { height, width, data } = await readPhoto(fileURLToPath(new URL(name, fixtures)));
    expect([height, width, 3]).toEqual(shape);
    const differences = Array.from(data, (value, k) => Math.abs(value - wanted[k]));
    const mean = differences.reduce((sum, difference) => sum + difference, 0) / differences.length;
    if (name === "cmyk.jpg") expect(mean).toBeLessThanOrEqual(2);
    else expect(Math.max(...differences)).toBeLessThanOrEqual(name.endsWith(".jpg") ? 2 : 0);
  });

  it("has every kind", () => {
    expect(pixels.size).toBe(23);
  });
});
