import { describe, expect, it } from "vitest";
import type { ObjectPrompt } from "../../../core/object-prompt.ts";
import { decodeRle, rleArea, rleBox } from "../../../core/rle.ts";
import { openNodeRuntime } from "../../../engine/node.ts";
import { createSam, predictedMask, type Sam } from "../../../models/index.ts";
import { noise, randomTensors, tinyConfig, weightFile } from "../../../models/sam/testing/tiny-sam.ts";
import { segmentWithSam } from "./segment-with-sam.ts";

const sam = await tryTinySam();

async function tryTinySam(): Promise<Sam | null> {
  try {
    const runtime = await openNodeRuntime({ threads: 1 });
    return createSam(weightFile(randomTensors(tinyConfig)), tinyConfig, runtime);
  } catch (error) {
    console.warn(`SKIPPED: segment-with-sam: ${(error as Error).message}`);
    return null;
  }
}

const box: ObjectPrompt = { kind: "box", box: { x0: 1, y0: 1, x1: 6, y1: 4 } };
const point: ObjectPrompt = { kind: "points", points: [{ x: 3.5, y: 1.5, positive: true }] };
const points: ObjectPrompt = {
  kind: "points",
  points: [
    { x: 3.5, y: 1.5, positive: true },
    { x: 5.5, y: 4.5, positive: false },
  ],
};

describe.skipIf(sam === null)("segmentWithSam", () => {
  const image = noise(5, 9);
  const segment = (...prompts: ObjectPrompt[]) => segmentWithSam(sam as Sam, image, prompts);

  it("takes SAM's one mask for boxes and several points, and the best of three for a point", async () => {
    const answers = await segment(box, point, points);
    const embedding = await (sam as Sam).embed(image);
    const asked = [
      { box: { x0: 1, y0: 1, x1: 6, y1: 4 } },
      { points: [{ x: 3, y: 1, positive: true }] },
      {
        points: [
          { x: 3, y: 1, positive: true },
          { x: 5, y: 4, positive: false },
        ],
      },
    ];
    for (const [k, prompt] of asked.entries()) {
      const isSingle = k === 1;
      const prediction = await (sam as Sam).decode(embedding, prompt, { multimask: isSingle });
      const ious = [...prediction.predictedIou];
      const best = ious.indexOf(Math.max(...ious));
      const { rle, area, box, predictedIou, level } = answers[k];
      expect(decodeRle(rle)).toEqual(predictedMask(prediction, best));
      expect({ area, box, predictedIou, level }).toEqual({
        area: rleArea(rle),
        box: rleBox(rle),
        predictedIou: ious[best],
        level: isSingle ? best : undefined,
      });
    }
  });

  it("answers each prompt as if alone", async () => {
    const alone = await Promise.all([point, box, point, points].map((prompt) => segment(prompt)));
    expect(await segment(point, box, point, points)).toEqual(alone.flat());
  });

  it("cuts boxes at the picture's edge", async () => {
    const wide: ObjectPrompt = { kind: "box", box: { x0: -3, y0: 1, x1: 20, y1: 9 } };
    const cut: ObjectPrompt = { kind: "box", box: { x0: 0, y0: 1, x1: 9, y1: 5 } };
    expect(await segment(wide)).toEqual(await segment(cut));
  });

  it("does not look at the picture without prompts", async () => {
    const blind = { embed: () => expect.unreachable() } as unknown as Sam;
    expect(await segmentWithSam(blind, image, [])).toEqual([]);
  });

  it("stops when it is told to", async () => {
    await expect(
      segmentWithSam(sam as Sam, image, [box, point], { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: "ABORTED" });
  });
});
