import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Box } from "../../core/geometry.ts";
import { encodeRle, type Rle } from "../../core/rle.ts";
import { encodePng } from "../../data/png-encode.ts";
import type { Arrays } from "../../engine/index.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { drawPromptSamples } from "./prompt-samples.ts";

/** A box of a picture of 64 × 48 px. */
function boxMask({ x0, y0, x1, y1 }: Box, [height, width] = [48, 64]): Rle {
  const data = new Uint8Array(height * width);
  for (let i = y0; i < y1; i++) data.fill(1, i * width + x0, i * width + x1);
  return encodeRle({ height, width, data });
}

/** Two windows of a black photo with these masks. */
async function windowsOf(...masks: Rle[]): Promise<Arrays[]> {
  const folder = temporaryFolder();
  writeTree(folder, { "a.png": encodePng({ height: 48, width: 64 }, new Uint8Array(48 * 64), null) });
  const source = { kind: "photo", path: join(folder, "a.png"), masks } as const;
  return await drawPromptSamples({ source, seed: "s", windows: 2, canvas: 64, side: 32, prompts: 2 });
}

const isBlack = ({ pixels }: Arrays): boolean => new Set(pixels.data as Float32Array).size <= 4;

describe("drawPromptSamples", () => {
  it("looks at a photo", async () => {
    const windows = await windowsOf(boxMask({ x0: 8, y0: 8, x1: 56, y1: 40 }));
    expect(windows.map(isBlack)).toEqual([true, true]);
  });

  it("looks at a scene in place of a photo of specks", async () => {
    const windows = await windowsOf(boxMask({ x0: 8, y0: 8, x1: 9, y1: 9 }));
    expect(windows.map(isBlack)).toEqual([false, false]);
  });

  it("refuses masks of another size than the photo's", async () => {
    const mask = boxMask({ x0: 8, y0: 8, x1: 40, y1: 40 }, [64, 48]);
    await expect(windowsOf(mask)).rejects.toThrow("a.png: expected a photo of 64×48 as its masks, got 48×64");
  });
});
