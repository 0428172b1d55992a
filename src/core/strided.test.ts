import { describe, expect, it } from "vitest";
import { denseStrides, toRowMajor } from "./strided.ts";

describe("toRowMajor", () => {
  it("turns Fortran order round", () => {
    // [[0, 1, 2], [3, 4, 5]] by columns
    expect([...toRowMajor(Uint8Array.of(0, 3, 1, 4, 2, 5), [2, 3], [1, 2])]).toEqual([0, 1, 2, 3, 4, 5]);
    const columns = denseStrides([2, 3, 4], "column-major");
    expect(columns).toEqual([1, 2, 6]);
    const data = Float32Array.from({ length: 24 }, (_, i) => i);
    const rows = toRowMajor(data, [2, 3, 4], columns);
    expect([rows[0], rows[1], rows[4], rows[12], rows[23]]).toEqual([0, 6, 2, 1, 23]);
    expect(toRowMajor(data, [2, 3, 4], denseStrides([2, 3, 4], "row-major"))).toEqual(data);
  });

  it("takes gaps, repeats and an offset", () => {
    expect([...toRowMajor(Uint8Array.of(9, 1, 2, 9, 3, 4, 9), [2, 2], [3, 1], 1)]).toEqual([1, 2, 3, 4]);
    expect([...toRowMajor(Uint8Array.of(7, 8), [2, 2], [0, 1])]).toEqual([7, 8, 7, 8]);
  });

  it("reads scalars and nothing", () => {
    expect([...toRowMajor(Uint8Array.of(5), [], [])]).toEqual([5]);
    expect([...toRowMajor(Uint8Array.of(5), [1], [1])]).toEqual([5]);
    expect([...toRowMajor(new Uint8Array(0), [0, 3], [3, 1])]).toEqual([]);
    expect([...toRowMajor(new Uint8Array(0), [3, 0], [0, 1])]).toEqual([]);
  });
});
