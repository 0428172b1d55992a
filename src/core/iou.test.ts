import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyMasks } from "../testing/arbitrary.ts";
import { mask } from "../testing/picture.ts";
import { boxIous, rleIou, rleIous } from "./iou.ts";
import { encodeRle, type Rle } from "./rle.ts";

const of = (drawing: string): Rle => encodeRle(mask(drawing));

describe("rleIou", () => {
  it("is shared over united pixels", () => {
    expect(rleIou(of("##. ##."), of(".## .#."))).toBe(2 / 5);
    expect(rleIou(of("##."), of("##."))).toBe(1);
    expect(rleIou(of("#.."), of("..#"))).toBe(0);
    expect(rleIou(of("..."), of("..."))).toBe(0);
  });
});

describe("rleIous", () => {
  const detections = [of("###. ###."), of(".... ....")];
  const truths = [of("..## ..##"), of("...# ...."), of(".... ....")];

  it("is one row a detection", () => {
    expect([...rleIous(detections, truths)]).toEqual([2 / 8, 0, 0, 0, 0, 0]);
    expect([...rleIous([], truths)]).toEqual([]);
    expect([...rleIous(detections, [])]).toEqual([]);
  });

  it("gives the share of the detection for a crowd", () => {
    expect([...rleIous(detections, truths, { isCrowd: [1, 0, 1] })]).toEqual([2 / 6, 0, 0, 0, 0, 0]);
  });

  it("agrees with each pair by itself", () => {
    fc.assert(
      fc.property(anyMasks(4), (masks) => {
        const [a, b, c, d] = masks.map(encodeRle);
        expect([...rleIous([a, b], [c, d])]).toEqual([
          rleIou(a, c),
          rleIou(a, d),
          rleIou(b, c),
          rleIou(b, d),
        ]);
      }),
    );
  });

  it("refuses masks of two pictures", () => {
    expect(() => rleIous([of("#.")], [of("# .")])).toThrow("rleIous: expected 1×2, got 2×1");
  });
});

describe("boxIous", () => {
  const box = (x0: number, y0: number, x1: number, y1: number) => ({ x0, y0, x1, y1 });

  it("is one row a detection, with crowds as for masks", () => {
    const detections = [box(0, 0, 4, 2), box(1, 1, 1, 5)];
    const truths = [box(2, 0, 6, 2), box(4, 0, 5, 2)];
    expect([...boxIous(detections, truths)]).toEqual([4 / 12, 0, 0, 0]);
    expect([...boxIous(detections, truths, { isCrowd: [true, false] })]).toEqual([4 / 8, 0, 0, 0]);
  });
});
