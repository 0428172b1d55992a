import { describe, expect, it } from "vitest";
import type { Cam } from "../../core/class-maps.ts";
import { drawLabels } from "../../testing/picture.ts";
import { labelsFromCam } from "./cam-labels.ts";

const cam = (classes: number[], maps: number[][]): Cam => ({
  kind: "cam",
  classes,
  height: 1,
  width: maps[0]?.length ?? 3,
  data: Float32Array.from(maps.flat()),
});

describe("labelsFromCam", () => {
  it("scales each class by its own range and gives the background a constant score", () => {
    const two = cam(
      [3, 7],
      [
        [0, 5, 10, 2],
        [0.2, 0.1, 0, 0.05],
      ],
    );
    expect(drawLabels(labelsFromCam(two, { kind: "threshold", threshold: 0.3 }))).toBe("7330");
  });

  it("lets the background power decide: (1 − s)^power against s", () => {
    const ramp = cam([1], [[0, 2.5, 5, 7.5, 10]]);
    // s = 0, .25, .5, .75, 1: power 1 ties at .5 (background first); power 2 gives .25 at .5; power .5 gives .5 at .75
    expect(drawLabels(labelsFromCam(ramp, { kind: "power", power: 1 }))).toBe("00011");
    expect(drawLabels(labelsFromCam(ramp, { kind: "power", power: 2 }))).toBe("00111");
    expect(drawLabels(labelsFromCam(ramp, { kind: "power", power: 0.5 }))).toBe("00011");
  });

  it("counts negative activations as 0, and a flat map as no evidence", () => {
    expect(drawLabels(labelsFromCam(cam([1], [[-9, -1, 4]]), { kind: "threshold", threshold: 0.1 }))).toBe(
      "001",
    );
    expect(drawLabels(labelsFromCam(cam([1], [[4, 4, 4]]), { kind: "threshold", threshold: 0 }))).toBe("000");
  });

  it("gives a tie to the class listed first", () => {
    expect(
      drawLabels(
        labelsFromCam(
          cam(
            [2, 1],
            [
              [0, 1],
              [0, 3],
            ],
          ),
          { kind: "threshold", threshold: 0.5 },
        ),
      ),
    ).toBe("02");
  });

  it("labels a picture without classes as background", () => {
    expect(drawLabels(labelsFromCam(cam([], []), { kind: "power", power: 1 }))).toBe("000");
  });

  it("refuses a background that means nothing", () => {
    expect(() => labelsFromCam(cam([1], [[1]]), { kind: "power", power: 0 })).toThrow(
      "background power: expected a number above 0",
    );
    expect(() => labelsFromCam(cam([1], [[1]]), { kind: "threshold", threshold: 1.5 })).toThrow(
      "background threshold",
    );
  });
});
