import { afterAll, describe, expect, it } from "vitest";
import { openNodeRuntime } from "../../engine/node.ts";
import { readEmbedding, writeEmbedding } from "./embedding.ts";
import { createSam } from "./sam.ts";
import { noise, randomTensors, tinyHybridConfig, weightFile } from "./testing/tiny-sam.ts";

const runtime = await openNodeRuntime({ threads: 1 });
const sam = createSam(weightFile(randomTensors(tinyHybridConfig)), tinyHybridConfig, runtime);
afterAll(() => sam.dispose());

const closeTo = (values: Float32Array): unknown => Array.from(values, (x) => expect.closeTo(x, 4));

describe("a model with the hybrid encoder", () => {
  it("is asked as any other", async () => {
    const embedding = await sam.embed(noise(30, 50));
    expect(embedding).toMatchObject({
      features: { shape: [1, 32, 4, 4] },
      extra: {
        eighth: { shape: [1, 16, 2, 2, 8] },
        quarter: { shape: [1, 16, 2, 2, 2, 2, 4] },
        keys: { shape: [1, 256, 32] },
      },
      original: { height: 30, width: 50 },
      input: { height: 38, width: 64 },
    });
    const box = { x0: 3, y0: 4, x1: 20, y1: 20 };
    const { logits, predictedIou } = await sam.decode(embedding, { box });
    expect(logits.shape).toEqual([3, 16, 16]);
    expect(predictedIou).toHaveLength(3);
    expect(logits.data.every(Number.isFinite)).toBe(true);
  });

  it("draws the same masks when they are kept one by one, from a stored embedding, and with a mask prompt", async () => {
    const stored = readEmbedding(writeEmbedding(await sam.embed(noise(30, 50))));
    const box = { x0: 3, y0: 4, x1: 20, y1: 20 };
    const { logits } = await sam.decode(stored, { box });
    for await (const kept of sam.decodeEach(stored, [{ box }], { keep: (_, index) => index === 1 }))
      expect(Array.from(kept.logits.data)).toEqual(closeTo(logits.data.subarray(256, 512)));
    const maskLogits = { ...logits, shape: [16, 16], data: logits.data.slice(0, 256) };
    expect((await sam.decode(stored, { box, maskLogits })).logits.data).not.toEqual(logits.data);
    const { extra: _, ...bare } = stored;
    await expect(sam.decode(bare, { box })).rejects.toThrow('expected finer maps ("eighth"), got none');
  });

  it("has features that follow what is seen", async () => {
    const [one, other] = [await sam.embed(noise(64, 64)), await sam.embed(noise(64, 63))];
    expect(one.features.data).not.toEqual(other.features.data);
    expect(await sam.embed(noise(64, 64))).toEqual(one);
  });
});
