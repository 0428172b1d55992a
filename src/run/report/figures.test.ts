import { describe, expect, it } from "vitest";
import { formatGain, formatPercent } from "./figures.ts";

describe("figures", () => {
  it("prints percent with two decimals and a dash for nothing", () => {
    expect([0.6094, 0, 1, null].map(formatPercent)).toEqual(["60.94", "0.00", "100.00", "–"]);
  });

  it("prints signed changes that add up with what is printed beside them", () => {
    expect(formatGain(0.6094, 0.662)).toBe("+5.26");
    expect(formatGain(0.662, 0.6094)).toBe("−5.26");
    expect(formatGain(0.10004, 0.20006)).toBe("+10.01"); // 10.00 → 20.01
    expect(formatGain(0.5, 0.50001)).toBe("0.00");
    expect(formatGain(0.50001, 0.5)).toBe("0.00");
    expect(formatGain(null, 0.5)).toBe("–");
    expect(formatGain(0.5, null)).toBe("–");
  });
});
