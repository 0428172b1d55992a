import type { NdArray } from "../core/array.ts";
import { badFormat, shapeMismatch } from "../core/error.ts";
import { halfToFloat32 } from "../core/half.ts";
import type { ClassId } from "../core/label-map.ts";
import { readSafetensors } from "../core/safetensors.ts";
import { isNpy, readNpyOrObject } from "./npy.ts";
import { isZip, readNpz } from "./npz.ts";
import { quote } from "./problems.ts";

/** What a CAM file holds by name. */
export type Members = ReadonlyMap<unknown, unknown>;

/** What the file holds by name; a bare array has the name "cam". */
export function readMembers(bytes: Uint8Array, where: string): Members {
  if (isZip(bytes)) return alone(readNpz(bytes, where));
  if (!isNpy(bytes)) return alone(readSafetensors(bytes, where));
  const array = readNpyOrObject(bytes, where);
  if (array.dtype !== "object") return new Map([["cam", array]]);
  const [dict] = array.items;
  if (array.shape.length === 0 && dict instanceof Map) return dict;
  throw badFormat(where, "an array [P, H, W] or a dict", `${array.items.length} Python objects`);
}

function alone(members: Map<string, NdArray>): Members {
  const [array] = members.values();
  return members.size === 1 && array.shape.length === 3 ? new Map([["cam", array]]) : members;
}

/**
 * The maps, and their classes where something names them.
 *
 * @param shift  added to classes that count from the first after the background
 */
export function findMaps(
  members: Members,
  where: string,
  shift: number,
): { readonly stack: NdArray; readonly classes?: readonly ClassId[] } {
  const stack = members.get("high_res") ?? members.get("cam");
  if (stack !== undefined) {
    if (!isArray(stack) || stack.shape.length !== 3) {
      throw badFormat(
        `${where}: CAM`,
        "an array [P, H, W]",
        isArray(stack) ? `[${stack.shape}]` : "another value",
      );
    }
    const shifts = { classes: 0, keys: shift, fg_cls: 1 };
    const named = Object.entries(shifts).find(([name]) => members.has(name));
    if (named === undefined) return { stack };
    const [name, nameShift] = named;
    return { stack, classes: readIds(members.get(name), nameShift, `${where}: ${name}`) };
  }
  const keys = [...members.keys()];
  if (keys.length === 0)
    throw badFormat(where, "at least one map", "none", "The size of the picture is not known.");
  if (!keys.every((key) => typeof key === "number" || (typeof key === "string" && /^\d+$/.test(key)))) {
    const names = keys.slice(0, 8).map(quote);
    throw badFormat(where, "keys and high_res or cam, or maps named by class number", names.join(", "));
  }
  const sorted = [...members].sort(([a], [b]) => Number(a) - Number(b));
  return { stack: stackMaps(sorted, where), classes: sorted.map(([key]) => Number(key) + shift) };
}

/** The classes of maps that nothing names: 1 to P, where there is nothing else in the file that might. */
export function countClasses(members: Members, count: number, where: string): ClassId[] {
  const others = [...members.keys()].filter((name) => !["cam", "high_res", "picture"].includes(String(name)));
  if (others.length > 0) {
    const names = others.slice(0, 8).map(quote);
    throw badFormat(where, "the maps' classes as classes, keys or fg_cls", names.join(", "));
  }
  return Array.from({ length: count }, (_, i) => i + 1);
}

/** [H, W] maps as one [P, H, W] array. */
function stackMaps(members: readonly (readonly [unknown, unknown])[], where: string): NdArray {
  let size: readonly number[] | undefined;
  const maps: Float32Array[] = [];
  for (const [key, map] of members) {
    if (!isArray(map) || map.shape.length !== 2) {
      throw badFormat(
        `${where}: map ${key}`,
        "an array [H, W]",
        isArray(map) ? `[${map.shape}]` : "another value",
      );
    }
    size ??= map.shape;
    if (map.shape[0] !== size[0] || map.shape[1] !== size[1]) {
      throw shapeMismatch(`${where}: map ${key}`, size.join("×"), map.shape.join("×"));
    }
    maps.push(toFloat32(map));
  }
  const [height, width] = size as readonly number[];
  const data = new Float32Array(maps.length * height * width);
  for (const [k, map] of maps.entries()) data.set(map, k * height * width);
  return { dtype: "float32", shape: [maps.length, height, width], data };
}

function readIds(value: unknown, shift: number, where: string): ClassId[] {
  const values = isArray(value) && value.shape.length === 1 ? value.data : value;
  if (!Array.isArray(values) && !ArrayBuffer.isView(values))
    throw badFormat(where, "a list of class numbers", "another value");
  return Array.from(values as ArrayLike<unknown>, (id) =>
    typeof id === "object" ? Number.NaN : Number(id) + shift,
  );
}

/** Values of any number type as float32. */
export function toFloat32({ dtype, data }: NdArray): Float32Array {
  if (data instanceof Float32Array) return data;
  if (dtype === "float16") return halfToFloat32(data as Uint16Array);
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}

export function isArray(value: unknown): value is NdArray {
  const { dtype, shape, data } = Object(value) as Partial<NdArray>;
  return typeof dtype === "string" && Array.isArray(shape) && ArrayBuffer.isView(data);
}
