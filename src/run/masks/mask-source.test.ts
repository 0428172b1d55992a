import { describe, expect, it } from "vitest";
import {
  type Proposer,
  proposerIdentity,
  type SamGenerator,
  type SamModel,
  segmenterIdentity,
} from "./mask-source.ts";

const model: SamModel = {
  name: "mobile-sam",
  sha256: "ab",
  precision: "float32",
  device: "cpu",
  threads: null,
  cache: null,
};

function identity(generator: SamGenerator, options: Partial<SamModel> = {}): string {
  return JSON.stringify(proposerIdentity({ kind: "sam", model: { ...model, ...options }, generator }));
}

describe("proposerIdentity", () => {
  it("has all settings, those that were left out too", () => {
    const proposer: Proposer = { kind: "sam", model, generator: { minStability: 0.5 } };
    expect(proposerIdentity(proposer).options).toEqual({
      model: "mobile-sam",
      sha256: "ab",
      precision: "float32",
      device: "cpu",
      generator: expect.objectContaining({
        minStability: 0.5,
        minPredictedIou: 0.88,
        pointsPerSide: 32,
        cropPointsDownscale: 1,
        levels: expect.anything(),
      }),
    });
    expect(proposerIdentity({ kind: "regions", maxProposals: 7 })).toEqual({
      version: 1,
      options: { model: "regions", maxProposals: 7 },
    });
  });

  it("tells what makes other masks, and only that", () => {
    const plain = identity({});
    const grid = [{ x: 0.5, y: 0.5 }];
    const others: SamGenerator[] = [
      { pointsPerSide: 16 },
      { pointGrids: [grid] },
      { maxBoxIou: 0.5 },
      { levels: { rankOffset: [0, 0, 1] } },
      { cropLayers: 1 },
      { cropLayers: 1, cropPointsDownscale: 2 },
    ];
    const identities = [plain, ...others.map((generator) => identity(generator))];
    expect(new Set(identities).size).toBe(identities.length);
    expect(identity({ pointsPerBatch: 4 })).toBe(plain);
    expect(identity({ pointsPerSide: 32, minStability: 0.95 })).toBe(plain);
    expect(identity({}, { threads: 2, cache: { folder: "a", maxBytes: 1 } })).toBe(plain);
    expect(identity({}, { sha256: "cd" })).not.toBe(plain);
    expect(identity({}, { precision: "int8" })).not.toBe(plain);
  });
});

describe("segmenterIdentity", () => {
  it("is the model's", () => {
    expect(segmenterIdentity({ kind: "regions" }).options).toEqual({ model: "regions" });
    expect(segmenterIdentity({ kind: "sam", model }).options).toEqual({
      model: "mobile-sam",
      sha256: "ab",
      precision: "float32",
      device: "cpu",
    });
  });
});
