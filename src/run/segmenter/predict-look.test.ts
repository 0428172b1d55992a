import { describe, expect, it } from "vitest";
import { type LookOptions, scoreOptions } from "./predict-look.ts";

const plain: LookOptions = {
  sliding: false,
  window: null,
  stride: null,
  scales: [1],
  flip: false,
  crf: false,
};
const sides = { kind: "multiple", step: 32 } as const;

describe("scoreOptions", () => {
  it("looks at photos as training does: its side on the shorter one, at most four on the longer", () => {
    const scaleOf = (height: number, width: number): number | undefined =>
      scoreOptions(plain, { height, width }, { side: 64, sides }).scales?.[0];
    expect([scaleOf(32, 48), scaleOf(128, 128), scaleOf(10, 512), scaleOf(1, 1)]).toEqual([2, 0.5, 0.5, 8]);
  });

  it("counts sizes in units of that", () => {
    const look = { ...plain, scales: [0.5, 1, 2], flip: true };
    expect(scoreOptions(look, { height: 32, width: 48 }, { side: 64, sides })).toEqual({
      fallback: { side: 64, stride: 48 },
      scales: [1, 2, 4],
      flip: true,
    });
  });

  it("slides the window of the training, that of the network, or the one it is told", () => {
    const size = { height: 32, width: 48 };
    const sliding = { ...plain, sliding: true };
    const exact = { kind: "exact", step: 96 } as const;
    expect(scoreOptions(sliding, size, { side: 64, sides }).window).toEqual({ side: 64, stride: 48 });
    expect(scoreOptions(sliding, size, { side: 64, sides: exact }).window).toEqual({ side: 96, stride: 72 });
    expect(scoreOptions({ ...sliding, window: 10 }, size, { side: 64, sides }).window).toEqual({
      side: 10,
      stride: 8,
    });
    expect(scoreOptions({ ...sliding, stride: 7 }, size, { side: 9000, sides }).window).toEqual({
      side: 2048,
      stride: 7,
    });
  });
});
