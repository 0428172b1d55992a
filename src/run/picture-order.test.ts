import { describe, expect, it } from "vitest";
import { pictureOrder } from "./picture-order.ts";

/** The pictures of so many steps, one after the other. */
function seen(count: number, batch: number, steps: number, seed = 0): number[] {
  return Array.from({ length: steps }, (_, step) => pictureOrder(count, batch, step, seed)).flat();
}

describe("pictureOrder", () => {
  it("has every picture once in each epoch, in another order, where batches do not divide them too", () => {
    const order = seen(5, 3, 5);
    const epochs = [0, 1, 2].map((epoch) => order.slice(5 * epoch, 5 * epoch + 5));
    for (const epoch of epochs) expect([...epoch].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(new Set(epochs.map((epoch) => epoch.join())).size).toBe(3);
  });

  it("depends on the seed, and not on the size of a batch", () => {
    expect(seen(7, 2, 7)).toEqual(seen(7, 7, 2));
    expect(seen(7, 2, 7, 1)).not.toEqual(seen(7, 2, 7, 2));
  });

  it("gives one picture again and again", () => {
    expect(seen(1, 3, 2)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
