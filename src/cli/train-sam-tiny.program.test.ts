import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { NdArray } from "../core/array.ts";
import { readSafetensors } from "../core/safetensors.ts";
import { encodeJpeg } from "../data/photo.ts";
import { samConfigs } from "../models/sam/config.ts";
import { samTensors } from "../models/sam/tensor-table.ts";
import { drawScene } from "../scenes/index.ts";
import { type CommandResult, maskwright } from "../testing/command.ts";
import { hashTree, temporaryFolder, writeTree } from "../testing/tree.ts";

const short = ["--batch", "1", "--prompts", "2", "--threads", "1", "--workers", "1"];
const outcome = (folder: string): unknown =>
  hashTree(folder, /(^|\/)(run|report)\.json$|log\.ndjson$|\.html$/);

function train(folder: string, out: string, ...args: readonly string[]): Promise<CommandResult> {
  return maskwright(folder, "train", "sam-tiny", ...args, "-o", out, ...short);
}

describe("train sam-tiny", () => {
  it("learns from scenes and leaves weights that load, the same after a stop", async () => {
    const folder = temporaryFolder();
    const steps = ["--steps", "2", "--whole-steps", "1", "--checkpoint-every", "1"];
    const { code, stdout } = await train(folder, "whole", ...steps);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^3 steps: loss [\d.]+, IoU of the last prompts [\d.]+; whole\/sam-tiny\.safetensors\n$/,
      ),
    });
    const tensors = readSafetensors(readFileSync(join(folder, "whole/sam-tiny.safetensors")));
    expect(new Map([...tensors].map(([name, { dtype, shape }]) => [`${dtype} ${name}`, shape]))).toEqual(
      new Map([...samTensors(samConfigs["sam-tiny"])].map(([name, shape]) => [`float16 ${name}`, shape])),
    );
    const before = outcome(join(folder, "whole"));
    // As it would be after a stop between the phases.
    for (const lost of ["whole", "sam-tiny.safetensors", "report.json"])
      rmSync(join(folder, "whole", lost), { recursive: true });
    expect((await train(folder, "whole", ...steps)).code).toBe(0);
    expect(outcome(join(folder, "whole"))).toEqual(before);

    const other = await train(folder, "whole", ...steps, "--rate", "0.01");
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("recipe.rate") });
  });

  it("goes on from weights that were written, its own and those that ship", async () => {
    const folder = temporaryFolder();
    vi.stubEnv("MASKWRIGHT_HOME", join(folder, "home"));
    const tensors = (path: string): ReadonlyMap<string, NdArray> => readSafetensors(readFileSync(path));
    const shipped = tensors(resolve(import.meta.dirname, "../../weights/sam-tiny.safetensors"));
    // A step too small to be seen in float16.
    const still = ["--steps", "1", "--whole-steps", "0", "--rate", "1e-12"];
    for (const [init, out] of [
      ["sam-tiny", "first"],
      ["first/sam-tiny.safetensors", "second"],
    ]) {
      expect((await train(folder, out, ...still, "--init", init)).code).toBe(0);
      const changed = [...tensors(join(folder, out, "sam-tiny.safetensors"))].filter(([name, { data }]) => {
        const before = shipped.get(name)?.data ?? [];
        // Zeros of either sign are alike.
        return data.some((bits, k) => bits !== before[k] && (Number(bits) | Number(before[k])) !== 0x8000);
      });
      expect(changed.map(([name]) => name)).toEqual([]);
    }
  });

  it("learns from photos with masks, from where a checkpoint was", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "photos"));
    const { image, instances } = drawScene("photo", { size: { height: 96, width: 128 }, content: "shapes" });
    writeFileSync(join(folder, "photos/a.jpg"), await encodeJpeg(image, { quality: 92 }));
    const { mask, box, area } = instances.reduce((a, b) => (a.area > b.area ? a : b));
    const annotation = {
      ...{ id: 1, image_id: 1, category_id: 1, area, iscrowd: 0 },
      bbox: [box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0],
      segmentation: { size: [96, 128], counts: [...mask.counts] },
    };
    const coco = {
      images: [{ id: 1, file_name: "a.jpg", height: 96, width: 128 }],
      categories: [{ id: 1, name: "thing" }],
      annotations: [annotation],
    };
    writeTree(folder, {
      "instances.json": JSON.stringify(coco),
      "gone.json": JSON.stringify({ ...coco, images: [{ ...coco.images[0], file_name: "b.jpg" }] }),
    });
    const on = (file: string, out: string, ...args: string[]): Promise<CommandResult> =>
      train(folder, out, "photos", "--instances", file, "--steps", "1", "--whole-steps", "0", ...args);
    expect((await on("instances.json", "first", "--scenes", "0")).code).toBe(0);
    const init = ["--init", "first/windows/checkpoint.safetensors"];
    expect((await on("instances.json", "second", ...init)).code).toBe(0);
    // The same names, other contents.
    const first = readFileSync(join(folder, "first/windows/checkpoint.safetensors"));
    const other = Uint8Array.from(first);
    other[other.length - 4] ^= 1; // the lowest bit of a number
    writeTree(folder, { "first/windows/checkpoint.safetensors": other });
    expect(await on("instances.json", "second", ...init)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/init: expected "\w{64}" as before, got "\w{64}"/),
    });
    const moved = { ...annotation, bbox: [0, 0, 1, 1] };
    writeTree(folder, {
      "first/windows/checkpoint.safetensors": first,
      "instances.json": JSON.stringify({ ...coco, annotations: [moved] }),
    });
    expect(await on("instances.json", "second", ...init)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/masks: expected "\w{64}" as before, got "\w{64}"/),
    });
    expect(await on("gone.json", "third")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("gone.json: expected its photos in photos, got no b.jpg"),
    });
    vi.stubEnv("MASKWRIGHT_HOME", join(folder, "home"));
    writeTree(folder, {
      "classes.txt": "background\nthing\n",
      "boxes.csv": `file,class,x0,y0,x1,y1\na.jpg,thing,${Object.values(box).join()}\n`,
    });
    const segment = async (out: string): Promise<string> => {
      const labels = ["--boxes", "boxes.csv", "--classes", "classes.txt"];
      const { code } = await maskwright(
        folder,
        "segment",
        "photos",
        ...labels,
        "--model",
        "sam-tiny",
        "-o",
        out,
      );
      expect(code).toBe(0);
      return readFileSync(join(folder, out, "instances.json"), "utf8");
    };
    // One's own weights go before those that ship.
    const shipped = await segment("masks");
    await maskwright(folder, "models", "import", "sam-tiny", "second/sam-tiny.safetensors");
    expect(await segment("own")).not.toBe(shipped);

    const alone = await train(folder, "fourth", "photos");
    expect(alone).toMatchObject({ code: 2, stderr: expect.stringContaining("--instances") });
  });
});
