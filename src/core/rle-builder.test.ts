import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeRle } from "./rle.ts";
import { buildRle } from "./rle-builder.ts";

describe("buildRle", () => {
  it("makes the runs of any mask from its pixels (property)", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.boolean(), { minLength: 1600, maxLength: 1600 }),
        (height, width, bits) => {
          const data = Uint8Array.from({ length: height * width }, (_, p) => (bits[p] ? 1 : 0));
          const builder = buildRle({ height, width });
          for (let j = 0; j < width; j++)
            for (let i = 0; i < height; i++)
              builder.add(j * height + i, j * height + i + data[i * width + j]);
          expect(builder.finish()).toEqual(encodeRle({ height, width, data }));
        },
      ),
    );
  });

  it("joins neighbors over the end of a column", () => {
    const builder = buildRle({ height: 2, width: 3 });
    builder.add(1, 2);
    builder.add(2, 4);
    expect([...builder.finish().counts]).toEqual([1, 3, 2]);
  });
});
