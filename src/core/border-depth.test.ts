import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labels } from "../testing/picture.ts";
import { borderDepths } from "./border-depth.ts";

describe("borderDepths", () => {
  it("counts pixels to another id or to where the picture ends", () => {
    const map = labels("11111 11111 11112 11111 11111");
    expect([...borderDepths(map.data, map)]).toEqual([
      ...[1, 1, 1, 1, 1],
      ...[1, 2, 2, 2, 1],
      ...[1, 2, 2, 1, 1],
      ...[1, 2, 2, 2, 1],
      ...[1, 1, 1, 1, 1],
    ]);
  });

  it("is that of a search over all pixels", () => {
    const map = fc
      .record({ height: fc.integer({ min: 1, max: 7 }), width: fc.integer({ min: 1, max: 7 }) })
      .chain(({ height, width }) =>
        fc
          .array(fc.integer({ min: 0, max: 1 }), { minLength: height * width, maxLength: height * width })
          .map((ids) => ({ height, width, data: Uint8Array.from(ids) })),
      );
    fc.assert(
      fc.property(map, ({ height, width, data }) => {
        const slow = Array.from(data, (id, p) => {
          const [y, x] = [Math.floor(p / width), p % width];
          let least = Math.min(y, x, height - 1 - y, width - 1 - x) + 1;
          data.forEach((other, q) => {
            const distance = Math.abs(Math.floor(q / width) - y) + Math.abs((q % width) - x);
            if (other !== id) least = Math.min(least, distance);
          });
          return least;
        });
        expect([...borderDepths(data, { height, width })]).toEqual(slow);
      }),
    );
  });
});
