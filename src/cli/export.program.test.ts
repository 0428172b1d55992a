import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../core/safetensors.ts";
import { readLabelMap } from "../data/label-file.ts";
import { readPhoto } from "../data/photo.ts";
import { noise } from "../models/sam/testing/tiny-sam.ts";
import { hasChromium, openBrowser, openPage } from "../testing/browser.ts";
import { linesOf, maskwright, start } from "../testing/command.ts";
import { makePng } from "../testing/png.ts";
import { writeTinySegmenters } from "../testing/segmenter-files.ts";
import { writeTree } from "../testing/tree.ts";

/** A square photo, checkpoints of tiny networks, what `predict` makes of them, and exported models. */
let data = "";
const root = resolve(import.meta.dirname, "../..");
const models = [
  ["segmenter", "segmenter.safetensors"],
  ["light", "light.safetensors"],
  ["hub", "published"],
] as const;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "maskwright-export-"));
  const { height, width, data: samples } = noise(64, 64);
  writeTree(data, { "images/photo.png": makePng({ height, width, colorType: 2, samples }) });
  writeTinySegmenters(data);
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

/** The code that a page of the docs shows. */
function codeOf(heading: string): string {
  const page = readFileSync(join(root, "docs/segmenter.md"), "utf8");
  const section = page.slice(page.indexOf(heading));
  return /```js\n(.*?)```/s.exec(section)?.[1] as string;
}

/** The share of pixels that two label maps have in common. */
function agreement(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.filter((id, p) => id === b[p]).length / a.length;
}

describe("export onnx", () => {
  it.each(models)("writes a model that labels as predict does, alone (%s)", async (name, checkpoint) => {
    const exported = await maskwright(data, "export", "onnx", checkpoint, "-o", `${name}.onnx`, "--json");
    expect({ code: exported.code, report: JSON.parse(exported.stdout || "null") }).toMatchObject({
      ...{ code: 0, report: { side: 64, description: `${name}.json`, precision: "float32" } },
    });
    const predicted = await maskwright(data, "predict", "images", "--checkpoint", checkpoint, "-o", name);
    expect(predicted.code).toBe(0);
    const { height, width, data: pixels } = await readPhoto(join(data, "images/photo.png"));
    const planes = Float32Array.from({ length: pixels.length }, (_, p) => {
      return pixels[3 * (p % (height * width)) + Math.floor(p / (height * width))];
    });
    const session = await InferenceSession.create(join(data, `${name}.onnx`));
    const { labels } = await session.run({ image: new Tensor("float32", planes, [1, 3, height, width]) });
    expect(labels.dims).toEqual([1, height, width]);
    const wanted = readLabelMap(join(data, name, "labels/photo.png"));
    expect(new Set(wanted.data).size).toBeGreaterThan(1);
    expect(agreement(labels.data as Uint8Array, wanted.data)).toBeGreaterThan(0.999);
    await session.release();
    const { classes } = JSON.parse(readFileSync(join(data, `${name}.json`), "utf8"));
    expect(classes).toEqual(JSON.parse(readFileSync(join(data, name, "classes.json"), "utf8")));
  });

  it("is labeled by the code of docs/segmenter.md in Node", async () => {
    const code = codeOf("### In Node")
      .replaceAll("photo.jpg", join(data, "images/photo.png"))
      .replaceAll(/"(segmenter\.\w+)"/g, (_, name) => JSON.stringify(join(data, name)));
    const script = `${code}\nconsole.log(JSON.stringify([...labels.data]));`;
    const { stdout } = await start(process.execPath, ["--input-type=module", "-e", script], root).result;
    const [names, found] = linesOf(stdout);
    const wanted = readLabelMap(join(data, "segmenter/labels/photo.png"));
    expect(agreement(Uint8Array.from(JSON.parse(found)), wanted.data)).toBeGreaterThan(0.999);
    expect(names).toMatch(/^((background|cat|dog)(, |$))+$/);
  });

  it.skipIf(!hasChromium())("is labeled by the code of docs/segmenter.md in a browser", async () => {
    const browser = await openBrowser();
    const code = codeOf("### In a browser");
    const call = `const canvas = document.body.appendChild(document.createElement("canvas"));
      labelPicture("/photo.png", canvas).then(({ data }) => { Object.assign(globalThis, { found: [...data] }); document.title = "ready"; });`;
    const served = await openPage(browser, `${code}\n${call}`, {
      "/photo.png": readFileSync(join(data, "images/photo.png")),
      "/segmenter.onnx": readFileSync(join(data, "segmenter.onnx")),
    });
    await served.page.waitForFunction("document.title === 'ready'");
    const found = (await served.page.evaluate("found")) as number[];
    const wanted = readLabelMap(join(data, "segmenter/labels/photo.png"));
    expect(agreement(Uint8Array.from(found), wanted.data)).toBeGreaterThan(0.999);
    expect(served.errors).toEqual([]);
    await served.close();
    await browser.close();
  });

  it.each<[string[], RegExp]>([
    [["prompter.safetensors", "-o", "x.onnx"], /: expected a segmenter's checkpoint, got a prompter's$/],
    [["segmenter.safetensors", "-o", "x.bin"], /^error: x.bin: expected a name that ends in .onnx/],
    [["segmenter.safetensors", "-o", "x.onnx", "--side", "40"], /side: expected a multiple of 32/],
  ])("refuses %j", async (args, message) => {
    writeTree(data, {
      "prompter.safetensors": writeSafetensors(new Map(), { config: '{"kind":"prompter"}' }),
    });
    const { code, stderr } = await maskwright(data, "export", "onnx", ...args);
    expect({ code, line: linesOf(stderr)[0] }).toEqual({ code: 2, line: expect.stringMatching(message) });
    expect(existsSync(join(data, "x.onnx"))).toBe(false);
  });
});
