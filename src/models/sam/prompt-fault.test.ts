import { describe, expect, it } from "vitest";
import { samConfigs } from "./config.ts";
import { promptFault } from "./prompt-fault.ts";

const box = { x0: 0, y0: 0, x1: 1, y1: 1 };
const points = (count: number, positive = true) =>
  Array.from({ length: count }, (_, x) => ({ x, y: 0, positive }));

describe("promptFault", () => {
  it("lets SAM and MobileSAM be asked anything", () => {
    for (const name of ["sam-vit-b", "mobile-sam"] as const)
      expect(promptFault(samConfigs[name], { points: points(20, false), box })).toBeNull();
  });

  it("has EfficientSAM's limits", () => {
    const config = samConfigs["efficient-sam-ti"];
    expect(promptFault(config, {})).toBeNull();
    expect(promptFault(config, { points: points(6) })).toBeNull();
    expect(promptFault(config, { points: points(4), box })).toBeNull();
    expect(promptFault(config, { points: points(7) })).toMatchObject({
      expected: "at most 6 for EfficientSAM, of which a box takes 2",
      got: 7,
    });
    expect(promptFault(config, { points: points(5), box })).toMatchObject({ got: 7 });
    expect(promptFault(config, { points: [...points(1), ...points(1, false)] })).toMatchObject({
      expected: "positive ones for EfficientSAM",
      got: "a negative one",
    });
  });
});
