import { describe, expect, it } from "vitest";
import { chooseSets } from "./boxed-photos.ts";

describe("chooseSets", () => {
  it("keeps the sets that are named, each once and in order", () => {
    expect(chooseSets(["car-parts", "coco2017", "car-parts"])).toEqual(["coco2017", "car-parts"]);
    expect(chooseSets(["coco2017"])).toEqual(["coco2017"]);
  });

  it("wants names of sets", () => {
    expect(() => chooseSets(["car-parts", "coco"])).toThrow(
      '--set: expected coco2017 or car-parts, got "coco"',
    );
  });
});
