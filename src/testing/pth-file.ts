import type { NdArray } from "../core/array.ts";
import { type ZipMember, zip } from "./zip.ts";

/** Tensors of 32-bit numbers as `torch.save` writes a state dict: a zip archive with a pickle and a file for each tensor. */
export function pthFile(tensors: ReadonlyMap<string, NdArray<"float32">>): Uint8Array {
  const items = [...tensors].map(([name, tensor], index) => `${text(name)}${call(tensor, `${index}`)}s`);
  const pickle = Uint8Array.from(`\x80\x02}${items.join("")}.`, (char) => char.charCodeAt(0));
  const storages = [...tensors.values()].map(
    ({ data }, index): ZipMember => ({
      name: `archive/data/${index}`,
      bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    }),
  );
  return zip([{ name: "archive/data.pkl", bytes: pickle }, ...storages]);
}

/** `_rebuild_tensor_v2(storage, 0, shape, strides, False, {})` */
function call({ shape, data }: NdArray<"float32">, key: string): string {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
  const storage = `(${text("storage")}ctorch\nFloatStorage\n${text(key)}${text("cpu")}${int(data.length)}tQ`;
  return `ctorch._utils\n_rebuild_tensor_v2\n(${storage}K\x00${tuple(shape)}${tuple(strides)}\x89}tR`;
}

function text(value: string): string {
  return `X${int32(value.length)}${value}`;
}

function int(value: number): string {
  return `J${int32(value)}`;
}

function int32(value: number): string {
  return String.fromCharCode(...new Uint8Array(Int32Array.of(value).buffer));
}

function tuple(values: readonly number[]): string {
  return `(${values.map(int).join("")}t`;
}
