import { describe, expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { random } from "../../core/random.ts";
import { drawSam } from "./initial.ts";
import { BOX_BIASES, initialPlaces, raiseBoxes, tokenRoles } from "./initial-places.ts";
import { tinyHybridConfig } from "./testing/tiny-sam.ts";

describe("raiseBoxes", () => {
  it("raises the mask that the two corners of a box begin with, and nothing else", () => {
    const biases = drawSam(tinyHybridConfig, random(1)).get(BOX_BIASES) as NdArray<"float32">;
    const raised = raiseBoxes(biases, 3);
    const [, channels] = biases.shape;
    const change = raised.data.map((x, k) => x - biases.data[k]);
    const changed = [...change.keys()].filter((k) => change[k] !== 0);
    const corners = tokenRoles.flatMap((role, k) => (/embeddings.[23]$/.test(role) ? [k] : []));
    expect(changed).toEqual(corners.map((role) => (role + 1) * channels - 2));
    for (const k of changed) expect(change[k]).toBe(1.5);
  });
});

describe("initialPlaces", () => {
  it("leaves tensors of other layers to others", () => {
    expect(initialPlaces("mask_decoder.places.norm.weight", [4], random(1))).toBeNull();
  });
});
