import { describe, expect, it } from "vitest";
import { artifactKey, fingerprint, sorted, stageKey } from "./artifact-key.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe("stageKey", () => {
  const stage = { name: "pseudo", version: 1, options: { variant: "max_iou", cams: { power: 2, base: 0 } } };

  it("is the same for options in another order, and without those that are undefined", () => {
    const options = { cams: { base: 0, power: 2 }, none: undefined, variant: "max_iou" };
    expect(stageKey({ ...stage, options })).toBe(stageKey(stage));
  });

  it.each([
    { name: "proposals" },
    { version: 2 },
    { options: { variant: "max_iou", cams: { power: 3, base: 0 } } },
    { options: ["max_iou"] },
    { model: "sam-vit-b" },
  ])("changes with %o", (change) => {
    expect(stageKey({ ...stage, ...change })).not.toBe(stageKey(stage));
  });
});

describe("artifactKey", () => {
  it("knows where one input ends and the next begins", () => {
    const keys = [
      artifactKey("s", [bytes(1, 2), bytes(3)]),
      artifactKey("s", [bytes(1), bytes(2, 3)]),
      artifactKey("s", [bytes(1, 2, 3)]),
      artifactKey("s", [bytes(1, 2, 3), bytes()]),
      artifactKey("s1", [bytes(2, 3)]),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("stays what it is: finished runs are found again by it", () => {
    expect(artifactKey("s", [bytes(1, 2), bytes(3)])).toMatch(/^[0-9a-f]{32}$/);
    expect(artifactKey("s", [])).toBe("daf59918c0d3a784685385e19caef4ac"); // sha256 of "1:s"
  });
});

describe("fingerprint", () => {
  it("depends on the order", () => {
    expect(fingerprint(["a", "b"])).not.toBe(fingerprint(["b", "a"]));
    expect(fingerprint(["ab", "c"])).not.toBe(fingerprint(["a", "bc"]));
  });

  it("counts a text in bytes, not in characters", () => {
    expect(fingerprint(["ü", "1:a"])).not.toBe(fingerprint(["ü1:", "a"]));
  });
});

describe("sorted", () => {
  it("sorts keys at every depth and leaves lists in their order", () => {
    expect(JSON.stringify(sorted({ b: [2, { d: 1, c: null }], a: undefined }))).toBe(
      '{"b":[2,{"c":null,"d":1}]}',
    );
    expect(sorted(0)).toBe(0);
  });
});
