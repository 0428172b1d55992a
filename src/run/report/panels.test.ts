import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { vocPalette } from "../../core/label-map.ts";
import { encodeRle } from "../../core/rle.ts";
import { labels, mask } from "../../testing/picture.ts";
import { grayPicture } from "./overlay.ts";
import { drawPictures, shrinkSize } from "./panels.ts";

const palette = vocPalette();

describe("drawPictures", () => {
  it("draws every layer as a JPEG and lists the classes to be seen", async () => {
    const size = { height: 2, width: 3 };
    const box = { x0: 0, y0: 0, x1: 3, y1: 1 };
    const rle = encodeRle(mask("### ..."));
    const { id, panels, classes } = await drawPictures("a/b", { photo: grayPicture(size), size, palette }, [
      { kind: "photo", caption: "image" },
      { kind: "labels", caption: "before", labels: labels("003 x00") },
      {
        kind: "proposals",
        caption: "proposals",
        proposals: [{ rle, area: 3, box, predictedIou: 1, stability: 1 }],
      },
      { kind: "labels", caption: "after", labels: labels("013 x00") },
    ]);
    expect(id).toBe("a/b");
    expect(classes).toEqual([1, 3]);
    expect(panels.map(({ caption }) => caption)).toEqual(["image", "before", "proposals", "after"]);
    for (const { source } of panels) {
      const [head, body] = source.split(",");
      expect(head).toBe("data:image/jpeg;base64");
      const { format, width, height } = await sharp(Buffer.from(body, "base64")).metadata();
      expect({ format, width, height }).toEqual({ format: "jpeg", width: 3, height: 2 });
    }
  });

  it("draws over gray without a photo, shrunk", async () => {
    const size = { height: 10, width: 640 };
    const map = { ...size, data: new Uint8Array(6400) };
    const { panels } = await drawPictures("x", { photo: null, size, palette }, [
      { kind: "labels", caption: "before", labels: map },
    ]);
    const { data, info } = await sharp(Buffer.from(panels[0].source.split(",")[1], "base64"))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.height, info.width]).toEqual([5, 320]);
    expect(new Set(data)).toEqual(new Set([150]));
  });
});

describe("drawPictures, sizes", () => {
  it.each([
    ["photo of x", grayPicture({ height: 3, width: 2 }), labels("000 000")],
    ['"before" of x', null, labels("00 00 00")],
  ])("refuses a %s of another size", async (name, photo, map) => {
    const base = { photo, size: { height: 2, width: 3 }, palette };
    await expect(
      drawPictures("x", base, [{ kind: "labels", caption: "before", labels: map }]),
    ).rejects.toThrow(`report: ${name}: expected 2×3, got 3×2`);
  });
});

describe("shrinkSize", () => {
  it("keeps the shape, never enlarges, never reaches zero", () => {
    const limits = { height: 480, width: 320 };
    expect(shrinkSize({ height: 375, width: 500 }, limits)).toEqual({ height: 240, width: 320 });
    expect(shrinkSize({ height: 960, width: 320 }, limits)).toEqual({ height: 480, width: 160 });
    expect(shrinkSize({ height: 2, width: 3 }, limits)).toEqual({ height: 2, width: 3 });
    expect(shrinkSize({ height: 1, width: 9000 }, limits)).toEqual({ height: 1, width: 320 });
  });
});
