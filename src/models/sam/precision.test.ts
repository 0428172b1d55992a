import { describe, expect, it } from "vitest";
import type { Precision, Runtime } from "../../engine/index.ts";
import { relativeError } from "../../testing/golden.ts";
import { tryRuntime } from "../../testing/runtime.ts";
import { createSam } from "./sam.ts";
import { noise, randomTensors, tinyConfig, tinyEfficientConfig, weightFile } from "./testing/tiny-sam.ts";

const runtime = await tryRuntime("SAM's precision");

describe.skipIf(runtime === null).each([tinyConfig, tinyEfficientConfig])(
  "$kind in other precisions",
  (config) => {
    const file = weightFile(randomTensors(config));
    const box = { box: { x0: 1, y0: 1, x1: 6, y1: 4 } };
    const answer = async (precision: Precision) => {
      const sam = createSam(file, config, runtime as Runtime, { precision });
      const embedding = await sam.embed(noise(5, 7));
      const { logits } = await sam.decode(embedding, box);
      await sam.dispose();
      return { embedding, logits: logits.data };
    };

    it.each([
      ["float16", 0.01],
      ["int8", 0.2],
    ] as const)("%s stays near float32", async (precision, most) => {
      const [exact, near] = [await answer("float32"), await answer(precision)];
      for (const [a, b] of [
        [near.embedding.features.data, exact.embedding.features.data],
        [near.logits, exact.logits],
      ]) {
        expect(relativeError(a, b)).toBeLessThan(most);
        expect(relativeError(a, b)).toBeGreaterThan(1e-6);
      }
    });

    it("decodes in float32 beside an encoder in int8", async () => {
      const [exact, mixed] = await Promise.all(
        (["float32", "int8"] as const).map(async (precision) => {
          const sam = createSam(file, config, runtime as Runtime, { precision });
          const { embedding } = await answer("float32");
          return (await sam.decode(embedding, box)).logits.data;
        }),
      );
      expect(mixed).toEqual(exact);
    });
  },
);
