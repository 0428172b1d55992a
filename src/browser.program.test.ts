import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { NdArray } from "./core/array.ts";
import { writeSafetensors } from "./core/safetensors.ts";
import { type Arrays, compileTraining, emitModel, inputsOf, type Runtime } from "./engine/index.ts";
import { openNodeRuntime } from "./engine/node.ts";
import type { WebDevice, WebRuntimeOptions } from "./engine/runtime-web.ts";
import { type Case, cases } from "./engine/testing/cases.ts";
import { differentiate } from "./engine/testing/differentiated.ts";
import { batchOfSmallNetwork, smallNetwork, startOfSmallNetwork } from "./engine/testing/small-network.ts";
import type { TrainerPlan } from "./engine/trainer-plan.ts";
import { createSam, predictedMask } from "./models/index.ts";
import { noise, randomTensors, tinyConfig, weightFile } from "./models/sam/testing/tiny-sam.ts";
import { hasChromium, openBrowser, openPage } from "./testing/browser.ts";
import { relativeError } from "./testing/golden.ts";
import { makePng } from "./testing/png.ts";

/** fp32 keeps 7 digits; gradients are sums of sums. */
const FORWARD = 1e-5;
const GRADIENT = 1e-4;

/**
 * What networks are made of. On WebGPU in software every model takes 0.2 s to compile, and the other cases are compared there in Node
 * (`runtimes.test.ts`); none of these has a sine, which WGSL lets be off by 2⁻¹¹.
 */
const onWebgpu = [
  "matmul: batched",
  "logSumExp: large",
  "gelu",
  "layerNorm: channels first",
  "batchNormTrain",
  "conv2d: dilated groups",
  "attention: blocks",
];

describe.skipIf(!hasChromium())("in Chromium", () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await openBrowser();
    const module =
      'import { openWebRuntime } from "maskwright/engine/web"; Object.assign(globalThis, { openWebRuntime });';
    const served = await openPage(browser, module);
    page = served.page;
    return async () => {
      await served.close();
      await browser.close();
    };
  });

  it("runs the bytes that onnxruntime-node runs to the same numbers, in WebAssembly", async () => {
    expect(await page.evaluate("crossOriginIsolated"), "for threads").toBe(true);
    await compareModels(page, "cpu", Object.keys(cases));
  });

  it("trains to the same numbers, in WebAssembly", async () => {
    await compareTraining(page, "cpu");
  });

  it("runs and trains to the same numbers on WebGPU", async (test) => {
    if (!(await hasAdapter(page))) return test.skip();
    await compareModels(page, "webgpu", onWebgpu);
    await compareTraining(page, "webgpu");
  });

  it("runs the page of docs/browser.md: a click on the picture marks the mask", async () => {
    const [height, width] = [20, 30];
    const image = noise(height, width);
    const tensors = randomTensors(tinyConfig);
    const runtime = await openNodeRuntime({ threads: 1 });
    const sam = createSam(weightFile(tensors), tinyConfig, runtime);
    const embedding = await sam.embed(image);

    const code = /```ts\n(.*?)```/s.exec(readFileSync(resolve("docs/browser.md"), "utf8"))?.[1];
    const call = `const canvas = document.body.appendChild(document.createElement("canvas"));
      showSam(canvas, "/noise.png", "/tiny.safetensors", ${JSON.stringify(tinyConfig)}).then(() => { document.title = "ready"; });`;
    // Without WebGPU, for the example to fall back to WebAssembly: in software it would compile shaders for 15 seconds.
    const context = await browser.newContext();
    await context.addInitScript("delete Navigator.prototype.gpu");
    const served = await openPage(context, `${code}\n${call}`, {
      "/noise.png": makePng({ height, width, colorType: 2, samples: image.data }),
      "/tiny.safetensors": writeSafetensors(tensors),
    });
    onTestFinished(served.close);
    await served.page.waitForFunction("document.title === 'ready'");
    const red = (): Promise<number[]> => served.page.evaluate(RED_PIXELS);
    expect(await red()).not.toContain(1);
    for (const [x, y] of [
      [3, 4],
      [25, 15],
    ]) {
      const prompt = { points: [{ x, y, positive: true }] };
      const mask = predictedMask(await sam.decode(embedding, prompt, { multimask: false }), 0);
      expect(mask.data).toContain(1);
      await served.page.click("canvas", { position: { x, y } });
      await expect.poll(red, { timeout: 120_000 }).toEqual([...mask.data]);
    }
    expect(served.errors).toEqual([]);
    await sam.dispose();
  });
});

/** 1 for each pixel of the page's canvas that is red, else 0. */
const RED_PIXELS = `(() => {
  const { width, height } = document.querySelector("canvas");
  const { data } = document.querySelector("canvas").getContext("2d").getImageData(0, 0, width, height);
  const isRed = (p) => data[4 * p] === 255 && data[4 * p + 1] === 0 && data[4 * p + 2] === 0;
  return Array.from({ length: width * height }, (_, p) => Number(isRed(p)));
})()`;

/** Whether the page has WebGPU; says so when it has not. */
async function hasAdapter(page: Page): Promise<boolean> {
  const adapter = await page.evaluate("navigator.gpu?.requestAdapter().then((found) => found?.info.vendor)");
  if (adapter === undefined) console.warn("SKIPPED: WebGPU in Chromium: it offers no adapter");
  return adapter !== undefined;
}

/** What the page makes global. */
interface EnginePage {
  openWebRuntime(options: WebRuntimeOptions): Promise<Runtime>;
}

/** Runs cases forward and with gradients, here and in the page, from the same bytes. */
async function compareModels(page: Page, device: WebDevice, names: readonly string[]): Promise<void> {
  const jobs = names.map((name) => forwardAndGradients(cases[name]));
  const results = await page.evaluate(
    async ({ device, jobs }) => {
      const { openWebRuntime } = globalThis as unknown as EnginePage;
      const runtime = await openWebRuntime({ device, threads: 2, wasmFolder: "/ort/" });
      const arrays: Arrays[] = [];
      for (const { model, feeds } of jobs) {
        const session = await runtime.createSession(model);
        arrays.push(await session.run(feeds));
        await session.release();
      }
      return arrays;
    },
    { device, jobs },
  );
  const runtime = await openNodeRuntime({ threads: 1 });
  let compared = 0;
  for (const [k, { model, feeds }] of jobs.entries()) {
    const session = await runtime.createSession(model);
    for (const [output, wanted] of Object.entries(await session.run(feeds))) {
      const tolerance = output.startsWith("slope") ? GRADIENT : FORWARD;
      expect(difference(results[k][output], wanted), `${names[k]}: ${output}`).toBeLessThanOrEqual(tolerance);
      compared++;
    }
    await session.release();
  }
  console.info(`Chromium, ${device}: ${compared} results of ${names.length} models as onnxruntime-node's`);
}

/** A model that computes a case and its first gradients, and what it is fed. */
function forwardAndGradients(each: Case): { model: Uint8Array<ArrayBuffer>; feeds: Arrays } {
  const { feeds, outputs, first } = differentiate(each);
  const tensors = {
    ...Object.fromEntries(outputs.map((tensor, k) => [`y${k}`, tensor])),
    ...Object.fromEntries(Object.entries(first).map(([input, tensor]) => [`slope ${input}`, tensor])),
  };
  const arrays = inputsOf(Object.values(tensors)).map(({ name, shape, dtype }) => {
    const values = feeds[name];
    const data =
      dtype === "int64"
        ? BigInt64Array.from(values, BigInt)
        : (dtype === "bool" ? Uint8Array : Float32Array).from(values);
    return [name, { dtype, shape, data } as NdArray];
  });
  return { model: emitModel(tensors), feeds: Object.fromEntries(arrays) };
}

/** Makes some steps by one plan, so from the same bytes, here and in the page. */
async function compareTraining(page: Page, device: WebDevice): Promise<void> {
  const start = startOfSmallNetwork();
  const batches = Array.from({ length: 5 }, (_, step) => batchOfSmallNetwork(step));
  const results = await page.evaluate(
    async ({ device, plan, tensors, batches }) => {
      const { openWebRuntime } = globalThis as unknown as EnginePage;
      const runtime = await openWebRuntime({ device, threads: 2, wasmFolder: "/ort/" });
      const trainer = await runtime.createTrainer(plan, { tensors: new Map(tensors) });
      const losses: number[] = [];
      for (const batch of batches) losses.push((await trainer.step([batch], 0.01)).loss);
      const state = await trainer.state();
      await trainer.dispose();
      return { losses, tensors: [...state.tensors] };
    },
    { device, plan: await planOf(device), tensors: [...start.tensors], batches },
  );
  const trainer = await compileTraining(smallNetwork(), await openNodeRuntime({ threads: 1 }), {
    ...training,
    start,
  });
  const losses: number[] = [];
  for (const batch of batches) losses.push((await trainer.step([batch], 0.01)).loss);
  const state = await trainer.state();
  await trainer.dispose();
  expect(relativeError(results.losses, losses)).toBeLessThan(FORWARD);
  expect(new Set(losses).size).toBe(batches.length);
  for (const [name, wanted] of state.tensors)
    expect(difference(new Map(results.tensors).get(name) as NdArray, wanted), name).toBeLessThan(GRADIENT);
}

const training = { optimizer: { kind: "adamw" }, clipNorm: 1 } as const;

/** What a trainer on a device is made from. */
async function planOf(device: WebDevice): Promise<TrainerPlan> {
  return await new Promise((found, failed) => {
    const runtime = { device, createTrainer: found } as unknown as Runtime;
    compileTraining(smallNetwork(), runtime, { ...training, start: startOfSmallNetwork() }).catch(failed);
  });
}

/** Largest difference in units of the largest number, or of 1. */
function difference(got: NdArray, wanted: NdArray): number {
  const values = Array.from(wanted.data as Float32Array, Number);
  if (got.data.length !== values.length) return Number.POSITIVE_INFINITY;
  const scale = values.reduce((top, value) => Math.max(top, Math.abs(value)), 1);
  return Math.max(0, ...values.map((value, p) => Math.abs(Number(got.data[p]) - value))) / scale;
}
