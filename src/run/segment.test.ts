import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openPoints } from "../data/prompts.ts";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { estimateSegment, type SegmentRequest, segment } from "./segment.ts";
import type { WorkContext } from "./stage.ts";

/** Neither threads nor progress: nothing may begin. */
const context = { keepGoing: true, signal: new AbortController().signal } as WorkContext;

describe("segment, with a model that has no answer to the prompts", () => {
  it("lists them before the model is opened or anything is written, also when it is to keep going", async () => {
    const folder = temporaryFolder();
    writeTree(folder, {
      "images/a.jpg": "not looked at",
      "images/b.jpg": "not looked at",
      "points.csv": "file,class,x,y,positive,object\na.jpg,1,1,1,1,x\na.jpg,1,5,5,0,x\nb.jpg,1,1,1,1,\n",
    });
    const path = join(folder, "points.csv");
    const request: SegmentRequest = {
      images: join(folder, "images"),
      prompts: await openPoints(path),
      out: join(folder, "out"),
      segmenter: {
        kind: "sam",
        model: {
          name: "efficient-sam-s",
          sha256: "ab",
          precision: "float32",
          device: "cpu",
          threads: null,
          cache: null,
        },
      },
      overlay: false,
    };
    const refusal = expect.objectContaining({
      code: "BAD_FORMAT",
      message: `${path}: a, object 1, points: expected positive ones for EfficientSAM, got a negative one`,
    });
    await expect(segment(request, context)).rejects.toEqual(refusal);
    await expect(estimateSegment(request, context)).rejects.toEqual(refusal);
    expect(existsSync(request.out)).toBe(false);
  });
});
