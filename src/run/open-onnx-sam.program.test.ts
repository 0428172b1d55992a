import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openNodeRuntime } from "../engine/node.ts";
import { createSam, exportSamPair } from "../models/index.ts";
import { stridedConfig } from "../models/onnx-sam/testing/pairs.ts";
import { noise, randomTensors, weightFile } from "../models/sam/testing/tiny-sam.ts";
import { relativeError } from "../testing/golden.ts";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { openSam } from "./open-sam.ts";

describe('openSam("onnx:DIR")', () => {
  it("runs an exported pair in a thread of its own, and ends", async () => {
    const file = weightFile(randomTensors(stridedConfig));
    const { encoder, decoder } = exportSamPair(file, stridedConfig);
    const folder = temporaryFolder();
    writeTree(folder, { "tiny.encoder.onnx": encoder, "tiny.decoder.onnx": decoder });
    const sam = await openSam(`onnx:${folder}`, { threads: 1 });
    expect(sam.sha256).toMatch(/^[0-9a-f]{64}$/);
    const prompt = { box: { x0: 2, y0: 1, x1: 25, y1: 14 } };
    const prediction = await sam.decode(await sam.embed(noise(20, 30)), prompt);
    const reference = createSam(file, stridedConfig, await openNodeRuntime({ threads: 1 }));
    onTestFinished(reference.dispose);
    const wanted = await reference.decode(await reference.embed(noise(20, 30)), prompt);
    expect(relativeError(prediction.logits.data, wanted.logits.data)).toBeLessThan(1e-4);
    await sam.close();
    await expect(sam.embed(noise(2, 3))).rejects.toThrow();
  });

  it("says what is wrong with the folder, or the precision", async () => {
    const folder = temporaryFolder();
    await expect(openSam(`onnx:${join(folder, "none")}`)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(openSam(`onnx:${folder}`, { precision: "int8" })).rejects.toThrow(
      'onnx: precision: expected float32: the models compute with what they were exported with, got "int8"',
    );
  });
});
