import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "../core/safetensors.ts";
import { readCam } from "../data/cam-file.ts";
import { maskwright } from "../testing/command.ts";
import { writeTaggedScenes } from "../testing/tagged-scenes.ts";
import { hashTree, writeTree } from "../testing/tree.ts";

/** Tagged scenes, and `cam`: their CAMs with attention, which the first test makes. */
let data = "";
const tagged = ["images", "--tags", "tags.csv", "--classes", "classes.txt", "--workers", "1"];

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-affinity-"));
  await writeTaggedScenes(data, 3);
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

describe("affinity", () => {
  it("refines the CAMs of a run, odd photos too, as seed does on its way", async () => {
    const args = ["--weights", "tiny.safetensors", "--attention", "-o", "cam"];
    expect((await maskwright(data, "cam", ...tagged, ...args)).code).toBe(0);
    const { code, stdout } = await maskwright(data, "affinity", "cam", "-o", "affinity");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^6 images, \d+ maps: affinity\/refined\n$/),
    });
    for (const [cams, out] of [
      ["cam", "at-once"],
      ["affinity", "in-steps"],
    ])
      expect((await maskwright(data, "seed", ...tagged, "--cams", cams, "-o", out)).code).toBe(0);
    expect(hashTree(join(data, "affinity/refined"))).toEqual(hashTree(join(data, "at-once/refined")));
    expect(hashTree(join(data, "in-steps/seeds"))).toEqual(hashTree(join(data, "at-once/seeds")));
    expect(existsSync(join(data, "in-steps/refined"))).toBe(false);
    expect(readFileSync(join(data, "in-steps/report.html"), "utf8")).not.toContain(
      "no affinity refined them",
    );
  });

  it("keeps what is done, and makes again what is gone", async () => {
    const before = hashTree(join(data, "affinity/refined"));
    rmSync(join(data, "affinity/refined/thin.safetensors"));
    const { code, stdout } = await maskwright(data, "affinity", "cam", "-o", "affinity", "--json");
    expect({ code, report: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      report: { images: 6, failures: [] },
    });
    expect(hashTree(join(data, "affinity/refined"))).toEqual(before);
  });

  it("takes CAMs of other code, with attention in float32", async () => {
    const cam = readSafetensors(readFileSync(join(data, "cam/cams/scene-0.safetensors"))).get("cam");
    const [count, height, width] = cam?.shape ?? [];
    const positions = height * width;
    const attention = new Float32Array(positions ** 2);
    for (let p = 0; p < positions; p++) attention[p * positions + p] = 1;
    const file = writeSafetensors(
      new Map([["attention", { dtype: "float32", shape: [positions, positions], data: attention }]]),
    );
    writeTree(data, {
      "own/a.safetensors": readFileSync(join(data, "cam/cams/scene-0.safetensors")),
      "look/a.safetensors": file,
      "cam.json": JSON.stringify({ affinity: { at: "cam", boxThreshold: 0 } }),
      "none.json": JSON.stringify({ affinity: null }),
    });
    const args = ["own", "--attention", "look", "--recipe", "cam.json", "-o", "own-affinity"];
    expect((await maskwright(data, "affinity", ...args)).code).toBe(0);
    const [before, after] = await Promise.all(
      ["own/a", "own-affinity/refined/a"].map((path) => readCam(join(data, `${path}.safetensors`))),
    );
    expect(after.classes).toHaveLength(count);
    // Positions that resemble only themselves keep what lies in boxes.
    for (const [at, value] of after.data.entries())
      if (value !== 0) expect(value).toBeCloseTo(before.data[at], 5);
    expect(after.data.some((value) => value > 0)).toBe(true);
  });

  it.each([
    [["cam/cams"], "cam/cams: expected attention beside the CAMs, got none"],
    [["cam", "--recipe", "none.json"], "--recipe none.json: expected a recipe with affinity, got none"],
    [["truth"], "truth: expected CAM files (npy, npz, safetensors), got label maps"],
  ])("refuses %j, before anything is written", async (args, message) => {
    const { code, stderr } = await maskwright(data, "affinity", ...args, "-o", "refused");
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(join(data, "refused"))).toBe(false);
  });

  it("names what does not belong together", async () => {
    writeTree(data, { "look/scene-1.safetensors": readFileSync(join(data, "look/a.safetensors")) });
    const args = ["cam", "--attention", "look", "-o", "failed", "--keep-going"];
    const { code, stderr } = await maskwright(data, "affinity", ...args);
    // `untagged` has no maps, and needs none.
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("look/scene-0.safetensors"),
    });
  });
});
