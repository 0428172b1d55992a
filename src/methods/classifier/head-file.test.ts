import { expect, it } from "vitest";
import type { NdArray } from "../../core/array.ts";
import { writeSafetensors } from "../../core/safetensors.ts";
import { decodeTagHead, encodeTagHead } from "./head-file.ts";
import type { TagHead } from "./tag-head.ts";

const weight: NdArray<"float32"> = {
  dtype: "float32",
  shape: [2, 3],
  data: Float32Array.of(1, 2, 3, 4, 5, 6),
};
const head: TagHead = { classes: [3, 9], weight, bias: Float32Array.of(-1, 0.5) };

it("reads what it writes", () => {
  expect(decodeTagHead(encodeTagHead(head), "head.safetensors")).toEqual(head);
});

it("names what is wrong", () => {
  const without = writeSafetensors(new Map([["weight", weight]]));
  expect(() => decodeTagHead(without, "a")).toThrow('a: expected "bias", got weight');
  expect(() => decodeTagHead(writeSafetensors(new Map()), "a")).toThrow(
    'a: expected "weight", got no tensors',
  );
  const other = encodeTagHead({ ...head, classes: [3] });
  expect(() => decodeTagHead(other, "a")).toThrow(
    'a: "weight" and "bias": expected [1, F] and [1] for 1 classes, got [2, 3] and [2]',
  );
});
