import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { inLanes } from "./lanes.ts";

const never = new AbortController().signal;
const items = [0, 1, 2, 3, 4, 5];

describe("inLanes", () => {
  it("starts the items in order and never more at a time than there are lanes", async () => {
    const started: number[] = [];
    let inFlight = 0;
    let most = 0;
    await inLanes(
      items,
      2,
      async (item) => {
        started.push(item);
        most = Math.max(most, ++inFlight);
        await setTimeout(item === 0 ? 9 : 1);
        inFlight--;
      },
      never,
    );
    expect({ started, most, inFlight }).toEqual({ started: items, most: 2, inFlight: 0 });
  });

  it("needs no items, and no more lanes than items", async () => {
    await inLanes([], 4, () => Promise.reject(new Error("called")), never);
    await inLanes([1], 1000, async () => {}, never);
  });

  it("throws the first error once the items in flight are finished, and starts no other", async () => {
    const finished: number[] = [];
    const work = async (item: number): Promise<void> => {
      await setTimeout(item === 0 ? 20 : 5);
      if (item === 1 || item === 0) throw new Error(`item ${item}`);
      finished.push(item);
    };
    await expect(inLanes(items, 3, work, never)).rejects.toThrow("item 1");
    expect(finished).toEqual([2]);
  });

  it("throws what was thrown, even when that is nothing", async () => {
    await expect(inLanes([1], 1, () => Promise.reject(undefined), never)).rejects.toBeUndefined();
  });

  it("starts nothing after a stop, and finishes what is in flight", async () => {
    const abort = new AbortController();
    const finished: number[] = [];
    await inLanes(
      items,
      2,
      async (item) => {
        if (item === 1) abort.abort();
        await setTimeout(1);
        finished.push(item);
      },
      abort.signal,
    );
    expect(finished).toEqual([0, 1]);
  });
});
