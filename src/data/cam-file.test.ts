import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import type { Cam } from "../core/class-maps.ts";
import { MaskwrightError } from "../core/error.ts";
import { writeSafetensors } from "../core/safetensors.ts";
import { decodeCam, encodeCam, readCam } from "./cam-file.ts";

const url = (name: string): URL => new URL(`../../fixtures/arrays/${name}`, import.meta.url);
const fixture = (name: string): Uint8Array => readFileSync(url(name));

const cam: Cam = {
  kind: "cam",
  classes: [1, 15],
  height: 2,
  width: 3,
  data: Float32Array.of(0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15),
};
const f32 = (shape: number[], ...values: number[]): NdArray => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});
const safetensors = (tensors: Record<string, NdArray>): Uint8Array =>
  writeSafetensors(new Map(Object.entries(tensors)));

describe("decodeCam", () => {
  it.each([
    "cam-irn.npy",
    "cam-numpy-2.npy",
    "cam-torch.npy",
    "cam-torch-bfloat16.npy",
    "cam-by-class.npy",
    "cam-stored.npz",
    "cam-deflated.npz",
  ])("reads %s with keys that count from 0", (name) => {
    expect(decodeCam(fixture(name), name)).toEqual(cam);
  });

  it("reads a file", async () => {
    expect(await readCam(fileURLToPath(url("cam-irn.npy")))).toEqual(cam);
  });

  it("takes keys as they are when they count from 1", () => {
    expect(decodeCam(fixture("cam-by-class.npy").slice(), "x", { classes: [2, 7] }).classes).toEqual([2, 7]);
    expect(() => decodeCam(fixture("cam-irn.npy"), "x", { keyBase: 1 })).toThrow(
      "expected class ids 1..254, got 0",
    );
    const byClass = safetensors({ 3: f32([1, 2], 1, 2), 20: f32([1, 2], 3, 4) });
    expect(decodeCam(byClass, "x", { keyBase: 1 }).classes).toEqual([3, 20]);
    expect(decodeCam(byClass, "x").classes).toEqual([4, 21]);
  });

  it.each([
    ["a deep tuple", `)${"\x85".repeat(100_000)}`],
    ["a tuple of a long integer", "\x8a\t\0\0\0\0\0\0\0\0\x01\x85"],
  ])("refuses a dict whose key is %s", (_, key) => {
    const dict = `}${key}Ns`;
    const dtype = "cnumpy\ndtype\n(U\x01OtR";
    const pickle = `\x80\x02cnumpy.core.multiarray\n_reconstruct\n(tR(K\x01)${dtype}\x89(${dict}ltb.`;
    const header = "{'descr': '|O', 'fortran_order': False, 'shape': (), }\n";
    const bytes = Buffer.from(
      `\x93NUMPY\x01\0${String.fromCharCode(header.length)}\0${header}${pickle}`,
      "latin1",
    );
    expect(() => decodeCam(bytes, "x.npy")).toThrow(
      "x.npy: expected keys and high_res or cam, or maps named by class number, got a list that cannot be written",
    );
  });

  it("reads what FMA-WSSS writes, whose classes count from 0", () => {
    const others = { att: f32([1, 1], 1), fg_logit: f32([2], 5, 6) };
    const stack = f32([2, 1, 1], 1, 2);
    const file = safetensors({ cam: stack, fg_cls: f32([2], 2, 14), ...others });
    for (const keyBase of [0, 1] as const) expect(decodeCam(file, "x", { keyBase }).classes).toEqual([3, 15]);
    const nameless = safetensors({ cam: stack, ...others });
    expect(() => decodeCam(nameless, "a.npz")).toThrow(
      'a.npz: expected the maps\' classes as classes, keys or fg_cls, got "att", "fg_logit"',
    );
    expect(decodeCam(nameless, "x", { classes: [4, 2] }).classes).toEqual([4, 2]);
  });

  it("takes a bare stack for classes 1 to P, or for those given", () => {
    expect(decodeCam(fixture("cam-stack.npy"), "x").classes).toEqual([1, 2]);
    expect(decodeCam(fixture("cam-stack.npy"), "x", { classes: [1, 15] })).toEqual(cam);
    expect(decodeCam(zipSync({ "arr_0.npy": fixture("cam-stack.npy") }), "x").classes).toEqual([1, 2]);
  });

  it("reads what it writes", () => {
    expect(decodeCam(encodeCam(cam), "x")).toEqual(cam);
    const none: Cam = { ...cam, classes: [], data: new Float32Array(0) };
    expect(decodeCam(encodeCam(none), "x")).toEqual(none);
    const one: Cam = { kind: "cam", classes: [254], height: 1, width: 1, data: Float32Array.of(-3) };
    expect(decodeCam(encodeCam(one), "x")).toEqual(one);
  });

  it("keeps the size of the picture, where it is said", () => {
    const picture = { height: 50, width: 70 };
    expect(decodeCam(encodeCam(cam, picture), "x")).toEqual({ ...cam, picture });
  });

  it("takes a file without maps for a picture without classes, where it may be one", () => {
    expect(decodeCam(fixture("cam-empty.npy"), "x", { mayBeEmpty: true })).toEqual({
      ...{ kind: "cam", classes: [], height: 1, width: 1, data: new Float32Array(0) },
    });
    expect(decodeCam(fixture("cam-irn.npy"), "x", { mayBeEmpty: true })).toEqual(cam);
  });

  it.each<[what: string, bytes: Uint8Array, message: string]>([
    ["no map", fixture("cam-empty.npy"), "a.npy: expected at least one map, got none"],
    ["an array of two dimensions", fixture("f4.npy"), "a.npy: CAM: expected an array [P, H, W], got [2,3]"],
    [
      "an expanded tensor",
      fixture("cam-torch-expanded.npy"),
      "expected a tensor within its 1 elements, got size [2,1000,1000], stride [0,0,0]",
    ],
    ["code", fixture("evil.npy"), 'got the name "posix.system"'],
    ["another file", new TextEncoder().encode("hello, world"), "a.npy: expected a header within the file's"],
    ["an empty file", new Uint8Array(0), "a.npy: expected a safetensors file, got 0 bytes"],
    [
      "other names",
      safetensors({ weight: f32([1, 1], 1), bias: f32([1], 1) }),
      'expected keys and high_res or cam, or maps named by class number, got "bias", "weight"',
    ],
    [
      "a class too many",
      safetensors({ cam: f32([1, 1, 1], 1), keys: f32([2], 0, 1) }),
      "expected a class for each of 1 maps, got 2 classes",
    ],
    [
      "a class twice",
      safetensors({ cam: f32([2, 1, 1], 1, 1), keys: f32([2], 3, 3) }),
      "expected each class once, got 4 twice",
    ],
    [
      "a class of one half",
      safetensors({ cam: f32([1, 1, 1], 1), classes: f32([1], 0.5) }),
      "expected class ids 1..254, got 0.5",
    ],
    [
      "class 255",
      safetensors({ cam: f32([1, 1, 1], 1), classes: f32([1], 255) }),
      "expected class ids 1..254, got 255",
    ],
    [
      "maps of two sizes",
      safetensors({ 0: f32([1, 2], 1, 2), 1: f32([2, 1], 1, 2) }),
      "a.npy: map 1: expected 1×2, got 2×1",
    ],
    [
      "a flat map",
      safetensors({ 0: f32([2], 1, 2), 1: f32([2], 1, 2) }),
      "a.npy: map 0: expected an array [H, W], got [2]",
    ],
    [
      "a picture without pixels",
      safetensors({ cam: f32([1, 0, 3]), keys: f32([1], 1) }),
      "a.npy: expected a height and width of at least 1",
    ],
    [
      "a picture of one side",
      safetensors({ cam: f32([1, 1, 1], 1), picture: f32([1], 5) }),
      "a.npy: picture: expected [height, width], got another value",
    ],
    [
      "a picture too large for its maps",
      safetensors({ cam: f32([3, 1, 1], 1, 1, 1), picture: f32([2], 1e4, 1e4) }),
      "a.npy: picture: expected at most 268435456 pixels of 3 maps, got 10000×10000",
    ],
    [
      "NaN",
      safetensors({ cam: f32([1, 1, 2], 1, Number.NaN) }),
      "a.npy: expected finite activations, got NaN at element 1",
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => decodeCam(bytes, "a.npy")).toThrow(MaskwrightError);
    expect(() => decodeCam(bytes, "a.npy")).toThrow(message);
  });
});
