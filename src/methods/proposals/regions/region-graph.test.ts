import { expect, it } from "vitest";
import { buildRegionGraph } from "./region-graph.ts";

it("joins the dots of a page, and keeps what is larger, when there are too many to merge", () => {
  // 3,844 dots that all touch the page: trees over each of them would take a minute.
  const side = 500;
  const data = new Uint8Array(side * side * 3).fill(255);
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      const isSquare = i >= 100 && i < 260 && j >= 80 && j < 300;
      if (isSquare || (i % 8 < 6 && j % 8 < 6)) data.fill(0, (i * side + j) * 3, (i * side + j) * 3 + 3);
    }
  }
  const { count } = buildRegionGraph({ height: side, width: side, data }).superpixels;
  // The page, the square, and a few dots that lie against its sides.
  expect(count).toBeGreaterThanOrEqual(2);
  expect(count).toBeLessThan(100);
});
