import { describe, expect, it } from "vitest";
import { drawBatch, presentClasses, rowsPerRun, segmentationFeeds } from "./prompt-batches.ts";

describe("drawBatch", () => {
  it("goes through each epoch in a new order, without what does not fill a batch", () => {
    const options = { count: 10, batch: 4, seed: 0 };
    const steps = Array.from({ length: 4 }, (_, step) => drawBatch(step, options));
    const epochs = [steps.slice(0, 2).flat(), steps.slice(2).flat()];
    for (const epoch of epochs) expect(new Set(epoch).size).toBe(8);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(drawBatch(3, options)).toEqual(steps[3]);
    expect(drawBatch(3, { ...options, seed: 1 })).not.toEqual(steps[3]);
  });

  it("goes on into the next epoch when a batch holds more than all", () => {
    const batches = [0, 1, 2].map((step) => drawBatch(step, { count: 3, batch: 4, seed: 0 }));
    for (const epoch of [0, 1, 2, 3]) {
      const all = batches.flat().slice(3 * epoch, 3 * epoch + 3);
      expect(all.toSorted()).toEqual([0, 1, 2]);
    }
    expect(drawBatch(5, { count: 1, batch: 2, seed: 0 })).toEqual([0, 0]);
    expect(() => drawBatch(0, { count: 0, batch: 2, seed: 0 })).toThrow("at least one picture");
  });
});

describe("presentClasses", () => {
  it("marks classes, and refuses one that the list does not know", () => {
    expect([...presentClasses([[2], [], [1, 3, 3]], 3)]).toEqual([0, 1, 0, 0, 0, 0, 1, 0, 1]);
    expect(() => presentClasses([[1], [4]], 3)).toThrow(
      "picture 1: class: expected an id from 1 to 3, got 4",
    );
    expect(() => presentClasses([[0]], 3)).toThrow("an id from 1 to 3");
  });
});

describe("segmentationFeeds", () => {
  const options = {
    batch: 4,
    rows: 2,
    grid: { height: 1, width: 1 },
    dim: 1,
    labelSize: { height: 1, width: 2 },
    classCount: 3,
  };
  const sample = (classes: number[], labels: number[]) => ({
    tokens: Float32Array.of(0, 0),
    classes,
    labels: Uint8Array.from(labels),
  });
  const numbers = (array: { data: ArrayLike<number | bigint> }): number[] => Array.from(array.data, Number);

  it("splits the pairs of pictures and classes into runs", () => {
    const samples = [sample([1, 3], [0, 0]), sample([], [0, 0]), sample([2], [0, 255]), sample([1], [0, 0])];
    const runs = segmentationFeeds(samples, options);
    expect(runs).toHaveLength(2);
    expect(runs.map(({ picture }) => numbers(picture))).toEqual([
      [0, 0],
      [2, 3],
    ]);
    expect(runs.map(({ target }) => numbers(target))).toEqual([
      [0, 2],
      [1, 0],
    ]);
    // 2 + 2 + 1 + 2 pixels in the batch, and the mean over 2 runs is taken afterwards.
    for (const { weight } of runs) for (const value of numbers(weight)) expect(value).toBeCloseTo(2 / 7, 6);
    expect(numbers(runs[0].present)).toEqual([1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0]);
  });

  it("normalizes each part on its own", () => {
    const samples = [sample([1], [0, 0]), sample([], [0, 0]), sample([2], [0, 255]), sample([], [0, 0])];
    const [{ weight }] = segmentationFeeds(samples, { ...options, parts: 2 });
    expect(numbers(weight)).toEqual([0.25, 0.5]);
    expect(() => segmentationFeeds(samples, { ...options, parts: 3 })).toThrow("a divisor of the batch of 4");
  });

  it("fills rows up with weight 0, also when no picture has a class or all is ignored", () => {
    const none = Array.from({ length: 4 }, () => sample([], [0, 0]));
    expect(numbers(segmentationFeeds(none, options)[0].weight)).toEqual([0, 0]);
    const ignored = [...none.slice(1), sample([1], [255, 255])];
    expect(numbers(segmentationFeeds(ignored, options)[0].weight)).toEqual([0, 0]);
  });

  it("refuses samples of another number or size", () => {
    const one = sample([1], [0, 0]);
    expect(() => segmentationFeeds([one], options)).toThrow("expected 4 of them, got 1");
    const long = { ...one, labels: new Uint8Array(3) };
    expect(() => segmentationFeeds([one, one, long, one], options)).toThrow(
      "sample 2: labels: expected 2 numbers, got 3",
    );
  });
});

it("gives a run room for most batches, and no more than fits", () => {
  expect(rowsPerRun([1], 16)).toBe(16);
  expect(rowsPerRun([0, 0], 16)).toBe(1);
  // 16 · 1.5 and two deviations of 16 pictures with one or two classes: 24 + 2 · 4 · 0.5.
  expect(rowsPerRun([1, 2], 16)).toBe(28);
  // 46.4 and a little: two runs, of one size.
  expect(rowsPerRun([2.9], 16)).toBe(24);
  expect(rowsPerRun([80], 16)).toBe(32);
});
