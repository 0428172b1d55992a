import type { NdArray } from "../../core/array.ts";
import { badFormat, MaskwrightError, shapeMismatch } from "../../core/error.ts";
import { readSafetensors, writeSafetensors } from "../../core/safetensors.ts";
import type { TagHead } from "./tag-head.ts";

/** A head as safetensors: `weight` [P, F], `bias` [P] and `classes` int32 [P]. Equal heads give equal bytes. */
export function encodeTagHead({ classes, weight, bias }: TagHead): Uint8Array {
  return writeSafetensors(
    new Map<string, NdArray>([
      ["weight", weight],
      ["bias", { dtype: "float32", shape: [bias.length], data: bias }],
      ["classes", { dtype: "int32", shape: [classes.length], data: Int32Array.from(classes) }],
    ]),
  );
}

/**
 * @param where  what to call the file in an error
 * @throws MaskwrightError BAD_FORMAT, NOT_FOUND or SHAPE_MISMATCH for a file that is none of `encodeTagHead`
 */
export function decodeTagHead(bytes: Uint8Array, where: string): TagHead {
  const tensors = readSafetensors(bytes, where);
  const find = <D extends "float32" | "int32">(name: string, dtype: D): NdArray<D> => {
    const array = tensors.get(name);
    if (array === undefined) {
      const held = [...tensors.keys()].slice(0, 8).join(", ");
      throw new MaskwrightError("NOT_FOUND", `${where}: expected "${name}", got ${held || "no tensors"}`);
    }
    if (array.dtype !== dtype) throw badFormat(`${where}: "${name}"`, dtype, array.dtype);
    return array as NdArray<D>;
  };
  const [weight, bias, classes] = [
    find("weight", "float32"),
    find("bias", "float32"),
    find("classes", "int32"),
  ];
  const count = classes.data.length;
  if (weight.shape.length !== 2 || weight.shape[0] !== count || bias.data.length !== count)
    throw shapeMismatch(
      `${where}: "weight" and "bias"`,
      `[${count}, F] and [${count}] for ${count} classes`,
      `[${weight.shape.join(", ")}] and [${bias.shape.join(", ")}]`,
    );
  return { classes: Array.from(classes.data), weight, bias: bias.data };
}
