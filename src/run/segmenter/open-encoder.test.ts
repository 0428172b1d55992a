import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeSafetensors } from "../../core/safetensors.ts";
import { tinyMobileNetTensors } from "../../models/mobilenet/testing/tiny-mobilenet.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { findEncoder, openEncoder } from "./open-encoder.ts";
import { exactSideOf } from "./open-network.ts";

/** The file of a tiny MobileNet, and how to write another one in its place. */
function tinyFile(): { readonly path: string; readonly replace: () => void } {
  const folder = temporaryFolder();
  const write = (seed: number): void =>
    writeTree(folder, { "tiny.safetensors": writeSafetensors(tinyMobileNetTensors(seed)) });
  write(0);
  return { path: join(folder, "tiny.safetensors"), replace: () => write(1) };
}

describe("openEncoder", () => {
  it("opens the file of a MobileNet, which takes squares of many sides", async () => {
    const { path } = tinyFile();
    const source = await findEncoder(path);
    expect(source).toEqual({
      kind: "mobilenet",
      name: path,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const encoder = await openEncoder(source);
    expect(encoder).toMatchObject({ levels: [4, 4, 24], stride: 8, sides: { kind: "multiple", step: 32 } });
    encoder.close();
    expect(await exactSideOf({ kind: "light", encoder: source })).toBeNull();
  });

  it("refuses other weights than a head was trained on", async () => {
    const { path, replace } = tinyFile();
    const source = await findEncoder(path);
    replace();
    await expect(openEncoder(source)).rejects.toMatchObject({
      code: "BAD_FORMAT",
      message: expect.stringMatching(/expected the weights it was trained on, SHA-256 /),
    });
  });

  it("refuses what is neither a model nor a file of one", async () => {
    await expect(findEncoder("vgg")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/^--encoder: expected one of sam-vit-b, .*got "vgg"$/),
    });
    await expect(findEncoder("missing.tflite")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
