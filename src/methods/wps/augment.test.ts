import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RgbImage } from "../../core/image.ts";
import { cropPicture, flipPicture, mirrorClasses, type TaughtPicture } from "./augment.ts";

/** Gray levels, three times each. */
function gray(width: number, ...levels: number[]): RgbImage {
  return { height: levels.length / width, width, data: Uint8Array.from(levels.flatMap((v) => [v, v, v])) };
}

const levels = ({ data }: RgbImage): number[] => [...data].filter((_, p) => p % 3 === 0);
const classes = ["background", "left wheel", "Right_Wheel", "right wheel", "door", "brightleft"];
const box = { classId: 1, x0: 0, y0: 0, x1: 2, y1: 1 };
const picture: TaughtPicture = { image: gray(3, 1, 2, 3, 4, 5, 6), weak: { kind: "boxes", boxes: [box] } };

describe("mirrorClasses", () => {
  it("exchanges left and right, as words, where the list has both", () => {
    expect(mirrorClasses(classes)).toEqual([0, 3, 2, 1, 4, 5]);
    expect(
      mirrorClasses([
        "front_left_door",
        "front_right_door",
        "RIGHT eye",
        "LEFT eye",
        "Right-leg",
        "Left-leg",
      ]),
    ).toEqual([1, 0, 3, 2, 5, 4]);
  });
});

describe("flipPicture", () => {
  it("mirrors pixels, boxes, points and names", () => {
    const flipped = flipPicture(picture, classes);
    expect(levels(flipped.image)).toEqual([3, 2, 1, 6, 5, 4]);
    expect(flipped.weak).toEqual({ kind: "boxes", boxes: [{ classId: 3, x0: 1, y0: 0, x1: 3, y1: 1 }] });
    const points = [{ classId: 4, x: 0.5, y: 1.5, positive: true }];
    expect(flipPicture({ ...picture, weak: { kind: "points", points } }, classes).weak).toEqual({
      kind: "points",
      points: [{ classId: 4, x: 2.5, y: 1.5, positive: true }],
    });
  });

  it("is undone by itself", () => {
    const sides = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(sides, sides, fc.integer({ min: 0, max: 5 }), (height, width, classId) => {
        const image = { height, width, data: Uint8Array.from({ length: height * width * 3 }, (_, p) => p) };
        const own: TaughtPicture = { image, weak: { kind: "boxes", boxes: [{ ...box, classId }] } };
        expect(flipPicture(flipPicture(own, classes), classes)).toEqual(own);
      }),
    );
  });
});

describe("cropPicture", () => {
  it("cuts pixels and boxes, black outside", () => {
    const cropped = cropPicture(picture, { x0: 1, y0: -1, x1: 4, y1: 1 });
    expect(levels(cropped.image)).toEqual([0, 0, 0, 2, 3, 0]);
    expect(cropped.weak).toEqual({ kind: "boxes", boxes: [{ classId: 1, x0: 0, y0: 1, x1: 1, y1: 2 }] });
    const whole = cropPicture(picture, { x0: 0, y0: 0, x1: 3, y1: 2 });
    expect(whole).toEqual(picture);
  });

  it("leaves out boxes of which less than half remains, and points outside", () => {
    const wide = { ...box, x1: 3 };
    const own: TaughtPicture = { ...picture, weak: { kind: "boxes", boxes: [wide] } };
    expect(cropPicture(own, { x0: 2, y0: 0, x1: 3, y1: 2 }).weak).toEqual({ kind: "boxes", boxes: [] });
    const points = [0.5, 1.5].map((x) => ({ classId: 1, x, y: 0.5, positive: true }));
    expect(
      cropPicture({ ...picture, weak: { kind: "points", points } }, { x0: 1, y0: 0, x1: 2, y1: 1 }).weak,
    ).toEqual({
      kind: "points",
      points: [{ classId: 1, x: 0.5, y: 0.5, positive: true }],
    });
  });

  it("takes a window beside the picture, and refuses one with fractions or without pixels", () => {
    expect(levels(cropPicture(picture, { x0: 5, y0: 5, x1: 6, y1: 6 }).image)).toEqual([0]);
    expect(() => cropPicture(picture, { x0: 0, y0: 0, x1: 1.5, y1: 1 })).toThrow("cropPicture: window");
    expect(() => cropPicture(picture, { x0: 0, y0: 0, x1: 0, y1: 1 })).toThrow("cropPicture: window");
  });
});
