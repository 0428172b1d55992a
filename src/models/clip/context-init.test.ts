import { describe, expect, it } from "vitest";
import { drawContext, seedOfText } from "./context-init.ts";

describe("drawContext", () => {
  it("draws what PyTorch draws", () => {
    // torch.manual_seed(1); torch.empty(16).normal_(), PyTorch 1.13
    const { data, shape } = drawContext(1, [2, 8], 1);
    expect(shape).toEqual([2, 8]);
    const wanted = [
      -1.5255959, -0.7502318, -0.6539809, -1.6094848, -0.1001672, -0.6091889, -0.9797723, -1.6090963,
    ];
    const rest = [-0.7121446, 0.303722, -0.7773143, -0.2514552, -0.2222705, 1.6871134, 0.2284252, 0.4676356];
    data.forEach((value, p) => {
      expect(value).toBeCloseTo([...wanted, ...rest][p], 6);
    });
  });

  it("scales with the deviation and goes on beyond the generator's first 624 numbers", () => {
    const [one, half] = [drawContext(7, [16, 512], 1), drawContext(7, [16, 512], 0.5)];
    half.data.forEach((value, p) => {
      expect(value).toBeCloseTo(one.data[p] / 2, 6);
    });
    const count = one.data.length;
    const mean = one.data.reduce((sum, value) => sum + value, 0) / count;
    const variance = one.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });

  it("refuses other counts and seeds", () => {
    expect(() => drawContext(1, [3, 5], 1)).toThrow("a multiple of 16 elements, got 15");
    expect(() => drawContext(-1, [16], 1)).toThrow("seed: expected an integer from 0 to 2^32 - 1");
  });
});

describe("seedOfText", () => {
  it("is the end of the SHA-1", async () => {
    // SHA-1 of "abc" ends in 9cd0d89d.
    expect(await seedOfText("abc")).toBe(0x9cd0d89d);
  });
});
