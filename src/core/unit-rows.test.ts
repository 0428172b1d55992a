import { describe, expect, it } from "vitest";
import { unitRows, unitVector } from "./unit-rows.ts";

describe("unitRows", () => {
  it("brings each row to length 1, but for those of zeros", () => {
    const data = Float32Array.of(3, 0, 4, 0, 0, 0);
    const rows = unitRows({ dtype: "float32", shape: [2, 3], data });
    expect(rows).toEqual({
      dtype: "float32",
      shape: [2, 3],
      data: Float32Array.of(0.6, 0, 0.8, 0, 0, 0),
    });
    expect([...data]).toEqual([3, 0, 4, 0, 0, 0]);
  });

  it("takes no rows, and rows of one number", () => {
    expect(unitRows({ dtype: "float32", shape: [0, 4], data: new Float32Array(0) }).data).toHaveLength(0);
    const signs = unitRows({ dtype: "float32", shape: [2, 1], data: Float32Array.of(-7, 0.5) });
    expect([...signs.data]).toEqual([-1, 1]);
  });
});

describe("unitVector", () => {
  it("keeps the direction, and gives a copy", () => {
    const zeros = new Float32Array(2);
    expect(unitVector(zeros)).toEqual(zeros);
    expect(unitVector(zeros)).not.toBe(zeros);
    expect(unitVector(Float32Array.of(-3, 4))).toEqual(Float32Array.of(-0.6, 0.8));
  });
});
