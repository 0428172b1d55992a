import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { start } from "../testing/command.ts";
import { relativeError } from "../testing/golden.ts";
import { temporaryFolder } from "../testing/tree.ts";
import { compileTraining } from "./compile-training.ts";
import { openNodeRuntime } from "./runtime-node.ts";
import { openWebRuntime } from "./runtime-web.ts";
import { cases } from "./testing/cases.ts";
import { batchOfSmallNetwork, smallNetwork, startOfSmallNetwork } from "./testing/small-network.ts";

describe("the same graph", () => {
  it("trains to the same numbers on onnxruntime-node and in wasm", async () => {
    const results = [];
    for (const runtime of [await openNodeRuntime({ threads: 1 }), await openWebRuntime({ threads: 1 })]) {
      const options = { start: startOfSmallNetwork(), optimizer: { kind: "adamw" }, clipNorm: 1 } as const;
      const trainer = await compileTraining(smallNetwork(), runtime, options);
      const losses: number[] = [];
      for (let step = 0; step < 20; step++)
        losses.push((await trainer.step([batchOfSmallNetwork(step)], 0.01)).loss);
      results.push({ losses, tensors: (await trainer.state()).tensors });
      await trainer.dispose();
    }
    const [node, web] = results;
    expect(relativeError(web.losses, node.losses)).toBeLessThan(1e-5);
    for (const [name, { data }] of node.tensors)
      expect(
        relativeError(web.tensors.get(name)?.data as Float32Array, data as Float32Array),
        name,
      ).toBeLessThan(1e-4);
  });
});

/** SwiftShader, a Vulkan driver in software, as Debian's chromium-common brings it. */
const CHROMIUM = process.env.SWIFTSHADER ?? "/usr/lib/chromium";
const driver = join(CHROMIUM, "vk_swiftshader_icd.json");
if (!existsSync(driver))
  console.warn(`SKIPPED: WebGPU in software needs ${driver} (apt install chromium-common)`);

/** WGSL lets sin and cos be off by 2⁻¹¹; a few cases are made of them. */
const WGSL_SINE = 2 ** -11;

describe.skipIf(!existsSync(driver))("WebGPU in software", () => {
  it("gives the numbers of the CPU, op by op and in training", { timeout: 300_000 }, async () => {
    const child = resolve(import.meta.dirname, "../testing/webgpu-child.ts");
    const environment = {
      VK_ICD_FILENAMES: driver,
      LD_LIBRARY_PATH: CHROMIUM,
      XDG_RUNTIME_DIR: temporaryFolder(),
    };
    const command = ["env", ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
    const args = [...command.slice(1), process.execPath, "--import", "tsx", child];
    const { stdout, stderr } = await start(command[0], args, resolve(import.meta.dirname, "../..")).result;
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
    expect(
      lines.map(([name]) => name),
      stderr,
    ).toEqual([...Object.keys(cases), "training"]);
    const off = lines.filter(([, difference]) => !(Number(difference) < 1e-5));
    // Those that are off at all are within what sin and cos may be off.
    expect(off.filter(([, difference]) => !(Number(difference) < WGSL_SINE))).toEqual([]);
    expect(off.length).toBeLessThan(lines.length / 3);
    console.info(
      `WebGPU in software: ${lines.length} cases, ${lines.length - off.length} within 1e-5 of the CPU`,
    );
  });
});
