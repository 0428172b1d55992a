import { afterAll, describe, expect, it } from "vitest";
import { openNodeRuntime } from "../../engine/node.ts";
import { createSam } from "./sam.ts";
import { noise, randomTensors, tinyHybridConfig, weightFile } from "./testing/tiny-sam.ts";

const runtime = await openNodeRuntime({ threads: 1 });
const sam = createSam(weightFile(randomTensors(tinyHybridConfig)), tinyHybridConfig, runtime);
afterAll(() => sam.dispose());

describe("a model with the hybrid encoder", () => {
  it("is asked as any other", async () => {
    const embedding = await sam.embed(noise(30, 50));
    expect(embedding).toMatchObject({
      features: { shape: [1, 16, 4, 4] },
      original: { height: 30, width: 50 },
      input: { height: 38, width: 64 },
    });
    const box = { x0: 3, y0: 4, x1: 20, y1: 20 };
    const { logits, predictedIou } = await sam.decode(embedding, { box });
    expect(logits.shape).toEqual([3, 16, 16]);
    expect(predictedIou).toHaveLength(3);
    expect(logits.data.every(Number.isFinite)).toBe(true);
  });

  it("has features that follow what is seen", async () => {
    const [one, other] = [await sam.embed(noise(64, 64)), await sam.embed(noise(64, 63))];
    expect(one.features.data).not.toEqual(other.features.data);
    expect(await sam.embed(noise(64, 64))).toEqual(one);
  });
});
