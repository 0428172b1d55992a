import { describe, expect, it } from "vitest";
import { compile, createGraph } from "../../engine/index.ts";
import { openNodeRuntime } from "../../engine/node.ts";
import { cellCenters, pixelCenters } from "./prompt-encoder.ts";

const runtime = await openNodeRuntime({ threads: 1 });
describe("pixelCenters", () => {
  it.each([
    [1, 1],
    [2, 4],
    [3, 3],
  ])(
    "has the pixels of %i × %i cells together, in the order in which masks are placed",
    async (count, perSide) => {
      const graph = createGraph();
      const outputs = {
        pixels: pixelCenters(graph, count, perSide),
        cells: cellCenters(graph, count, perSide),
      };
      const { pixels, cells } = await (await compile(outputs, runtime)).run({});
      expect(pixels.shape).toEqual([16 * count * count, 2]);
      for (let cell = 0; cell < count * count; cell++) {
        for (let k = 0; k < 16; k++) {
          const [y1, x1, y2, x2] = [3, 2, 1, 0].map((bit) => (k >> bit) & 1);
          const [x, y] = [2 * x1 + x2, 2 * y1 + y2];
          const at = 16 * cell + k;
          const [cx, cy] = [cells.data[2 * cell], cells.data[2 * cell + 1]] as [number, number];
          expect(pixels.data[2 * at]).toBeCloseTo(cx + (x - 1.5) / (4 * perSide), 6);
          expect(pixels.data[2 * at + 1]).toBeCloseTo(cy + (y - 1.5) / (4 * perSide), 6);
        }
      }
    },
  );
});
