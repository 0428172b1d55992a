import { describe, expect, it } from "vitest";
import { overlayCam } from "./heat-map.ts";

const palette = new Uint8Array(768);
palette.set([200, 0, 0], 3);
palette.set([0, 100, 0], 6);
const gray = (height: number, width: number) => ({
  height,
  width,
  data: new Uint8Array(3 * height * width).fill(100),
});

describe("overlayCam", () => {
  it("colors each pixel by its strongest class, and by how strong that is", () => {
    const data = Float32Array.of(4, 1, 0, -3, /* class 2 */ 0, 0, 0.25, 1);
    const { data: pixels } = overlayCam(
      gray(1, 4),
      { kind: "cam", classes: [1, 2], height: 1, width: 4, data },
      palette,
    );
    // Shares 0.85 and 0.2125 of red, then as much of green.
    expect([...pixels]).toEqual([185, 15, 15, 121, 79, 79, 79, 100, 79, 15, 100, 15]);
  });

  it("stretches the map to the photo, and leaves the photo alone without one", () => {
    const photo = gray(2, 3);
    const one = { kind: "cam", classes: [1], height: 1, width: 1, data: Float32Array.of(5) } as const;
    // A flat map scales to 0.
    expect(overlayCam(photo, one, palette)).toEqual(photo);
    expect(overlayCam(photo, { ...one, classes: [], data: new Float32Array(0) }, palette)).toEqual(photo);
  });
});
