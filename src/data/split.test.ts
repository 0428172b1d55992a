import { describe, expect, it } from "vitest";
import { splitIds } from "./split.ts";

const ids = Array.from({ length: 400 }, (_, k) => `car${k}`);

describe("splitIds", () => {
  it("gives every picture to one set, in the given order", () => {
    const { training, validation } = splitIds(ids, { seed: 7 });
    expect([training.length, validation.length]).toEqual([320, 80]);
    expect([...training, ...validation].sort()).toEqual([...ids].sort());
    expect(ids.filter((id) => validation.includes(id))).toEqual(validation);
  });

  it("depends on the seed and not on the order", () => {
    const { validation } = splitIds(ids, { seed: 7 });
    expect(splitIds(ids.toReversed(), { seed: 7 }).validation).toEqual(validation.toReversed());
    expect(splitIds(ids, { seed: 8 }).validation).not.toEqual(validation);
  });

  it("leaves no set empty, where it can", () => {
    expect(splitIds(["a", "b"], { share: 0.01 }).validation.length).toBe(1);
    expect(splitIds(["a", "b", "c"], { share: 0.99 }).training.length).toBe(1);
    expect(splitIds(["a", "b"], { share: 0 }).validation).toEqual([]);
    expect(splitIds(["a", "b"], { share: 1 }).training).toEqual([]);
    expect(splitIds(["a"])).toEqual({ training: ["a"], validation: [] });
    expect(splitIds([])).toEqual({ training: [], validation: [] });
    expect(() => splitIds(ids, { share: 1.1 })).toThrow(
      "splitIds: share: expected a number in [0, 1], got 1.1",
    );
  });
});
