import { describe, expect, it } from "vitest";
import { mirrorRows } from "./mirror.ts";

describe("mirrorRows", () => {
  it("turns each row around and leaves the channels of an element together", () => {
    expect(mirrorRows(Uint8Array.of(1, 2, 3, 4, 5, 6), 3, 1)).toEqual(Uint8Array.of(3, 2, 1, 6, 5, 4));
    expect(mirrorRows(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), 2, 2)).toEqual(
      Float32Array.of(3, 4, 1, 2, 7, 8, 5, 6),
    );
  });

  it("leaves the array it is given, one column and nothing as they are", () => {
    const data = Uint8Array.of(1, 2);
    expect(mirrorRows(data, 1, 1)).toEqual(data);
    mirrorRows(data, 2, 1);
    expect(data).toEqual(Uint8Array.of(1, 2));
    expect(mirrorRows(new Uint8Array(0), 4, 3)).toHaveLength(0);
  });
});
