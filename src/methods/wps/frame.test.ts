import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { random } from "../../core/random.ts";
import { centerFrame, cropMap, placeBox, placeGray, placeImage, placeLabel, placePoint } from "./frame.ts";

describe("centerFrame", () => {
  it("puts the odd pixel at the right or bottom", () => {
    expect(centerFrame({ height: 281, width: 500 }, 1024)).toMatchObject({
      input: { height: 575, width: 1024 },
      left: 0,
      top: 224,
    });
    expect(centerFrame({ height: 2, width: 3 }, 6)).toMatchObject({ input: { height: 4, width: 6 }, top: 1 });
    expect(centerFrame({ height: 1, width: 1 }, 4)).toMatchObject({ left: 0, top: 0 });
  });

  it("leaves a row of a picture however thin", () => {
    expect(centerFrame({ height: 1, width: 5000 }, 1024)).toMatchObject({
      input: { height: 1, width: 1024 },
      top: 511,
    });
  });
});

describe("placing", () => {
  const frame = centerFrame({ height: 2, width: 4 }, 4);

  it("puts black around pictures and masks", () => {
    const image = { height: 2, width: 4, data: new Uint8Array(24).fill(9) };
    expect([...placeImage(image, frame).data].map((v) => v / 9).filter((_, p) => p % 3 === 0)).toEqual([
      0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0,
    ]);
    const gray = { height: 2, width: 4, data: Uint8Array.of(1, 0, 0, 1, 0, 1, 1, 0) };
    expect([...placeGray(gray, frame).data]).toEqual([0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0]);
  });

  it("moves boxes and points along, also those beyond the picture", () => {
    expect(placePoint({ x: 1, y: 1 }, frame)).toEqual({ x: 1, y: 2 });
    const half = centerFrame({ height: 4, width: 8 }, 4);
    expect(placeBox({ x0: -2, y0: 0, x1: 8, y1: 4 }, half)).toEqual({ x0: -1, y0: 1, x1: 4, y1: 3 });
    const boxes = [{ classId: 7, x0: -2, y0: 0, x1: 8, y1: 4 }];
    expect(placeLabel({ kind: "boxes", boxes }, half)).toEqual({
      kind: "boxes",
      boxes: [{ classId: 7, x0: -1, y0: 1, x1: 4, y1: 3 }],
    });
    const points = [{ classId: 7, x: 2, y: 4, positive: true }];
    expect(placeLabel({ kind: "points", points }, half)).toEqual({
      kind: "points",
      points: [{ classId: 7, x: 1, y: 3, positive: true }],
    });
  });

  it("is undone by the crop where nothing is resized", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }), (height, width) => {
        const own = centerFrame({ height, width }, Math.max(height, width));
        const { integer } = random(`${height} ${width}`);
        const data = Uint8Array.from({ length: height * width }, () => integer(256));
        const back = cropMap(
          {
            height: own.side,
            width: own.side,
            data: Float32Array.from(placeGray({ height, width, data }, own).data),
          },
          own,
        );
        expect(back).toEqual({ height, width, data: Float32Array.from(data) });
      }),
    );
  });
});
