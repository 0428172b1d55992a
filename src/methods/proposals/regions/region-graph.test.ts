import { expect, it } from "vitest";
import { buildRegionGraph } from "./region-graph.ts";

it("joins the dots of a page until few enough regions are left", () => {
  // 5,041 separate dots that all touch the page: trees over each of them would take minutes.
  const side = 500;
  const data = new Uint8Array(side * side * 3).fill(255);
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      const isDot = ((i % 7) - 3) ** 2 + ((j % 7) - 3) ** 2 <= 9;
      if (isDot) data.fill((i * 7 + j * 13) % 120, (i * side + j) * 3, (i * side + j) * 3 + 3);
    }
  }
  const { count } = buildRegionGraph({ height: side, width: side, data }).superpixels;
  expect(count).toBeGreaterThan(1);
  expect(count).toBeLessThanOrEqual(2500);
});
