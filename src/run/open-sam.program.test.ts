import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { writeSafetensors } from "../core/safetensors.ts";
import { findModel } from "../models/registry.ts";
import { samConfigs } from "../models/sam/config.ts";
import { noise, randomTensors } from "../models/sam/testing/tiny-sam.ts";
import { temporaryFolder, writeTree } from "../testing/tree.ts";
import { openSam } from "./open-sam.ts";
import { importFile } from "./store/import-file.ts";

describe("openSam", () => {
  it("runs a model of full size from imported weights, and ends", async () => {
    const home = temporaryFolder();
    vi.stubEnv("MASKWRIGHT_HOME", home);
    writeTree(home, { "x.safetensors": writeSafetensors(randomTensors(samConfigs["mobile-sam"])) });
    const { signal } = new AbortController();
    const model = findModel("mobile-sam");
    const { sha256 } = await importFile(join(home, "models"), model, join(home, "x.safetensors"), signal);

    const sam = await openSam("mobile-sam", { threads: 2 });
    expect(sam.sha256).toBe(sha256);
    const embedding = await sam.embed(noise(30, 40));
    expect(embedding.features.shape).toEqual([1, 256, 64, 64]);
    const { logits, predictedIou } = await sam.decode(embedding, {
      points: [{ x: 20, y: 10, positive: true }],
    });
    expect(logits.shape).toEqual([3, 256, 256]);
    expect(predictedIou.every(Number.isFinite)).toBe(true);
    await sam.close();
    await expect(sam.embed(noise(2, 3))).rejects.toThrow();
  });

  it("says how to get weights, and that not every model takes prompts", async () => {
    vi.stubEnv("MASKWRIGHT_HOME", temporaryFolder());
    await expect(openSam("sam-vit-b")).rejects.toMatchObject({
      code: "NOT_FOUND",
      hint: "maskwright models pull sam-vit-b, or with the file at hand: maskwright models import sam-vit-b FILE",
    });
    await expect(openSam("clip-vit-b-16")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(openSam("sam")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
