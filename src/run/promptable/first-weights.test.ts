import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { fromHalf, toHalf } from "../../core/half.ts";
import { random } from "../../core/random.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import { encodeCheckpoint } from "../../engine/checkpoint.ts";
import { samConfigs } from "../../models/sam/config.ts";
import { drawSam } from "../../models/sam/initial.ts";
import { samTensors } from "../../models/sam/tensor-table.ts";
import { tinyHybridConfig as config } from "../../models/sam/testing/tiny-sam.ts";
import { temporaryFolder, writeTree } from "../../testing/tree.ts";
import { type FirstWeights, readFirstWeights } from "./first-weights.ts";

const drawn = drawSam(config, random("first weights"));

function checkpoint(tensors: ReadonlyMap<string, NdArray>): Uint8Array {
  const moments = new Map([["first", drawn]] as const);
  const optimizer = { step: 7, moments };
  return encodeCheckpoint({ tensors, optimizer, step: 7, random: random(1).state(), config: null });
}

/** What is read of a file of that content. */
async function read(bytes: Uint8Array): Promise<FirstWeights> {
  const folder = temporaryFolder();
  writeTree(folder, { "first.safetensors": bytes });
  return await readFirstWeights(join(folder, "first.safetensors"), config);
}

describe("readFirstWeights", () => {
  it("reads a checkpoint, without its moments", async () => {
    const { tensors, isCheckpoint } = await read(checkpoint(drawn));
    expect({ tensors, isCheckpoint }).toEqual({ tensors: drawn, isCheckpoint: true });
  });

  it("reads weights in float16 as float32", async () => {
    const halves = new Map([...drawn].map(([name, array]) => [name, toHalf(array)]));
    const { tensors, isCheckpoint } = await read(writeSafetensors(halves));
    const rounded = new Map([...halves].map(([name, array]) => [name, fromHalf(array)]));
    expect({ tensors, isCheckpoint }).toEqual({ tensors: rounded, isCheckpoint: false });
  });

  it("reads the weights that the model has by its name", async () => {
    vi.stubEnv("MASKWRIGHT_HOME", temporaryFolder());
    const tiny = samConfigs["sam-tiny"];
    const { tensors, isCheckpoint } = await readFirstWeights("sam-tiny", tiny);
    expect(isCheckpoint).toBe(false);
    const shapes = [...tensors].map(([name, { dtype, shape }]) => [`${dtype} ${name}`, shape]);
    expect(shapes).toEqual([...samTensors(tiny)].map(([name, shape]) => [`float32 ${name}`, shape]));
  });

  it("names the file of another network", async () => {
    const other = new Map([["head.weight", drawn.values().next().value as NdArray]]);
    const error = /first\.safetensors: expected "image_encoder\.[\w.]+" \[[\d, ]+\], got none$/;
    await expect(read(checkpoint(other))).rejects.toThrow(error);
    await expect(read(writeSafetensors(other))).rejects.toThrow(error);
    await expect(read(new Uint8Array(3))).rejects.toThrow(/first\.safetensors: expected a safetensors/);
    await expect(readFirstWeights("none.safetensors", config)).rejects.toThrow(/none\.safetensors: expected/);
  });

  it("wants floats", async () => {
    const [name, { shape, data }] = [...drawn][0];
    const whole = new Map<string, NdArray>(drawn).set(name, {
      dtype: "int32",
      shape,
      data: new Int32Array(data.length),
    });
    await expect(read(writeSafetensors(whole))).rejects.toThrow(
      `first.safetensors: tensor "${name}": expected float32 or float16, got int32`,
    );
  });
});
