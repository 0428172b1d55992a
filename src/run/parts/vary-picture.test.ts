import { describe, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import { varyPicture } from "./vary-picture.ts";

const classes = ["background", "left wheel", "right wheel"];

function picture(height: number, width: number) {
  const data = Uint8Array.from({ length: height * width * 3 }, (_, p) => (p * 37) % 256);
  const boxes = [{ classId: 1, x0: 0, y0: 0, x1: width, y1: height }];
  return { image: { height, width, data }, weak: { kind: "boxes", boxes } as const };
}

describe("varyPicture", () => {
  it("keeps at least 0.6 of each side, and the boxes inside, under the mirrored name half of the time", () => {
    const names = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const { image, weak } = varyPicture(picture(20, 30), classes, random(seed));
      expect(image.height).toBeGreaterThanOrEqual(12);
      expect(image.width).toBeLessThanOrEqual(30);
      expect(image.data.length).toBe(image.height * image.width * 3);
      if (weak.kind !== "boxes") throw new Error("expected boxes");
      for (const { classId, x0, y0, x1, y1 } of weak.boxes) {
        names.add(classId);
        expect([x0, y0, x1, y1]).toEqual([0, 0, image.width, image.height]);
      }
    }
    expect([...names].sort()).toEqual([1, 2]);
  });

  it("is decided by its seed, and takes a single pixel", () => {
    const vary = (seed: number) => varyPicture(picture(2, 3), classes, random(seed));
    expect(vary(5)).toEqual(vary(5));
    expect(varyPicture(picture(1, 1), classes, random(1)).image).toMatchObject({ height: 1, width: 1 });
  });
});
