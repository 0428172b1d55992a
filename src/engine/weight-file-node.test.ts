import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import { MaskwrightError } from "../core/error.ts";
import { readSafetensors, writeSafetensors } from "../core/safetensors.ts";
import type { TensorToWrite } from "./safetensors-stream.ts";
import { openWeightFile, writeSafetensorsFile } from "./weight-file-node.ts";

const folder = mkdtempSync(join(tmpdir(), "weights-"));
afterAll(() => rmSync(folder, { recursive: true }));

const toWrite = (array: NdArray): TensorToWrite => ({ ...array, read: () => array });
const arrays = new Map<string, NdArray>([
  ["b", { dtype: "uint8", shape: [3], data: Uint8Array.of(1, 2, 3) }],
  ["a", { dtype: "float32", shape: [2, 1], data: Float32Array.of(1, 2) }],
  ["none", { dtype: "float32", shape: [0], data: new Float32Array(0) }],
]);

describe("writeSafetensorsFile", () => {
  it("writes the bytes of writeSafetensors, one tensor at a time", () => {
    const path = join(folder, "a.safetensors");
    const read: string[] = [];
    const tensors = new Map(
      [...arrays].map(([name, array]) => [
        name,
        {
          ...array,
          read() {
            read.push(name);
            return array;
          },
        },
      ]),
    );
    writeSafetensorsFile(path, tensors, { made: "here" });
    expect(new Uint8Array(readFileSync(path))).toEqual(writeSafetensors(arrays, { made: "here" }));
    expect(read).toEqual(["a", "none", "b"]);
  });

  it("converts a .pth: a weight file's tensors are what it takes", () => {
    const pth = openWeightFile(
      fileURLToPath(new URL("../../fixtures/torch/state-dict.pth", import.meta.url)),
    );
    const path = join(folder, "converted.safetensors");
    writeSafetensorsFile(path, pth.tensors);
    const back = readSafetensors(readFileSync(path));
    expect(back.size).toBe(pth.tensors.size);
    for (const [name, tensor] of back) expect(tensor).toEqual(pth.tensors.get(name)?.read());
    pth.close();
  });

  it("leaves the old file and nothing else when a tensor is not what it said", () => {
    const path = join(folder, "old.safetensors");
    writeFileSync(path, "old");
    const before = readdirSync(folder);
    const lie = { ...toWrite(arrays.get("a") as NdArray), shape: [3] };
    expect(() => writeSafetensorsFile(path, new Map([["a", lie]]))).toThrow(
      'streamSafetensors: "a": expected float32 [3], got float32 [2,1]',
    );
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe("openWeightFile", () => {
  it("reads what was written", () => {
    const path = join(folder, "b.safetensors");
    writeSafetensorsFile(path, new Map([...arrays].map(([name, array]) => [name, toWrite(array)])));
    const file = openWeightFile(path);
    expect(file.path).toBe(path);
    expect(new Map([...file.tensors].map(([name, tensor]) => [name, tensor.read()]))).toEqual(arrays);
    file.close();
  });

  it("says when there is no file, or one that is none", () => {
    expect(() => openWeightFile(join(folder, "none"))).toThrow(/none: expected a weight file, got none$/);
    expect(() => openWeightFile(folder)).toThrow("expected a weight file, got a folder");
    writeFileSync(join(folder, "text"), "weights");
    expect(() => openWeightFile(join(folder, "text"))).toThrow(MaskwrightError);
  });

  it("says when the file shrinks while it is open", () => {
    const path = join(folder, "shrinks.safetensors");
    writeFileSync(path, writeSafetensors(arrays));
    const file = openWeightFile(path);
    truncateSync(path, 20);
    expect(() => file.tensors.get("b")?.read()).toThrow(/as when it was opened, got fewer/);
    file.close();
  });
});
