import { describe, expect, it } from "vitest";
import { badFormat, MaskwrightError } from "../core/error.ts";
import { describeEstimate, estimateStage } from "./estimate.ts";

const ids = Array.from({ length: 12 }, (_, k) => `${k}`);

/** Every image has 10 bytes, but for bad ones. */
function images(...bad: string[]): { readonly tried: string[]; attempt(id: string): Promise<number> } {
  const tried: string[] = [];
  return {
    tried,
    async attempt(id) {
      tried.push(id);
      if (bad.includes(id)) throw badFormat(id, "a photo", "noise");
      return 10;
    },
  };
}

describe("estimateStage", () => {
  it("tries images spread over the ids", async () => {
    const { tried, attempt } = images();
    expect(await estimateStage(ids, attempt)).toEqual({
      images: 12,
      seconds: expect.any(Number),
      bytes: 120,
    });
    expect(tried).toEqual(["0", "0", "3", "6", "9"]);
    expect(await estimateStage(["7"], attempt, { most: 2 })).toMatchObject({ images: 1, bytes: 10 });
  });

  it("stops at a bad image, or passes over it with keepGoing and counts it", async () => {
    await expect(estimateStage(ids, images("3").attempt)).rejects.toThrow("3: expected a photo, got noise");
    const { tried, attempt } = images("0", "6");
    const estimate = await estimateStage(ids, attempt, { keepGoing: true });
    expect(estimate).toMatchObject({
      images: 10,
      bytes: 100,
      failures: [{ id: "0", message: "0: expected a photo, got noise" }, { id: "6" }],
    });
    expect(tried).toEqual(["0", "3", "3", "6", "9"]);
    expect(describeEstimate({ ...estimate, seconds: 1 })).toMatch(
      /10 images, without 2 that cannot be done$/,
    );
  });

  it("tries others in place of a bad one", async () => {
    const { tried, attempt } = images("0", "1");
    expect(await estimateStage(ids, attempt, { most: 1, keepGoing: true })).toMatchObject({ images: 10 });
    expect(tried).toEqual(["0", "1", "2", "2"]);
  });

  it("needs one that can be done", async () => {
    await expect(estimateStage(["a"], images("a").attempt, { keepGoing: true })).rejects.toThrow(
      "dry run: of 1 image all failed; the first: a: expected a photo, got noise",
    );
  });

  it("stops at what is no image's fault", async () => {
    const attempt = async (): Promise<number> => {
      throw new MaskwrightError("MODEL", "no device");
    };
    await expect(estimateStage(ids, attempt, { keepGoing: true })).rejects.toThrow("no device");
  });
});
