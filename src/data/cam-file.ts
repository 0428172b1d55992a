import type { NdArray } from "../core/array.ts";
import type { Cam, ClassMaps } from "../core/class-maps.ts";
import { badFormat, shapeMismatch } from "../core/error.ts";
import { formatSize, type Size } from "../core/geometry.ts";
import { halfToFloat32 } from "../core/half.ts";
import { type ClassId, IGNORE } from "../core/label-map.ts";
import { checkSize } from "../core/limits.ts";
import { readSafetensors, writeSafetensors } from "../core/safetensors.ts";
import { readBytes } from "./json-file.ts";
import { isNpy, readNpyOrObject } from "./npy.ts";
import { isZip, readNpz } from "./npz.ts";
import { quote } from "./problems.ts";

export interface DecodeCamOptions {
  /** Class id of each map in the order of the result, instead of what the file says. */
  readonly classes?: readonly ClassId[];
  /** What the file's `keys` call the first class after the background. Default 0, as WSSS code counts. */
  readonly keyBase?: 0 | 1;
}

/** A CAM as a file holds it. */
export interface StoredCam extends ClassMaps<"cam"> {
  /** Size of the picture, where the file says it: the maps may have a grid of their own. */
  readonly picture?: Size;
}

/** The CAM of a .npy, .npz or .safetensors file; see `decodeCam`. */
export async function readCam(path: string, options: DecodeCamOptions = {}): Promise<StoredCam> {
  return decodeCam(await readBytes(path, 2 ** 30), path, options);
}

/**
 * Class activation maps of one picture, [P, H, W], from what WSSS code writes. The format is known by its first bytes.
 *
 * - `np.save` of a dict `{ keys, cam, high_res }` (IRN and what grew from it): `high_res` is taken, or `cam` where there is
 *   none; NumPy arrays or torch tensors.
 * - `np.save` of a dict `{ class: [H, W] map }` (PSA, SEAM and others).
 * - .npz and .safetensors with the same names; a map's name is its class number. `classes` holds our ids in place of `keys`.
 * - .npz of FMA-WSSS: `cam`, and the classes in `fg_cls`, which counts from 0 whatever `keyBase` is.
 * - A single [P, H, W] array: the maps of classes 1 to P.
 *
 * `picture`, [height, width], beside the maps says how large their picture is.
 *
 * `keys`, and numbers that name maps, count the first class after the background as 0: their class id here is one more.
 * `keyBase: 1` reads them as they are; `classes` overrides whatever the file says.
 *
 * Maps keep the file's order, those named by number come in ascending order; all become float32.
 *
 * @param where what to call the file in an error
 * @throws MaskwrightError BAD_FORMAT, SHAPE_MISMATCH for maps of different sizes or another number of classes
 */
export function decodeCam(bytes: Uint8Array, where: string, options: DecodeCamOptions = {}): StoredCam {
  const { keyBase = 0 } = options;
  const members = readMembers(bytes, where);
  const { stack, classes: found } = findMaps(members, where, 1 - keyBase);
  const [count, height, width] = stack.shape;
  checkSize(where, { height, width });
  const classes = options.classes ?? found ?? countClasses(members, count, where);
  if (classes.length !== count) {
    const hint = "The classes given must be those of the file's maps, in their order.";
    throw shapeMismatch(where, `a class for each of ${count} maps`, `${classes.length} classes`, hint);
  }
  checkClasses(classes, where);
  const data = toFloat32(stack);
  for (let p = 0; p < data.length; p++) {
    if (!Number.isFinite(data[p])) throw badFormat(where, "finite activations", `${data[p]} at element ${p}`);
  }
  const picture = members.has("picture")
    ? readPicture(members.get("picture"), count, `${where}: picture`)
    : undefined;
  return { kind: "cam", classes, height, width, data, ...(picture && { picture }) };
}

/**
 * A CAM as safetensors: `cam` float32 [P, H, W], `classes` int32 [P], our ids, and `picture` int32 [2], height and width of
 * the picture, where it is said.
 */
export function encodeCam({ classes, height, width, data }: Cam, picture?: Size): Uint8Array {
  const members: [string, NdArray][] = [
    ["cam", { dtype: "float32", shape: [classes.length, height, width], data }],
    ["classes", { dtype: "int32", shape: [classes.length], data: Int32Array.from(classes) }],
  ];
  if (picture !== undefined) {
    const size = Int32Array.of(picture.height, picture.width);
    members.push(["picture", { dtype: "int32", shape: [2], data: size }]);
  }
  return writeSafetensors(new Map(members));
}

type Members = ReadonlyMap<unknown, unknown>;

/** What the file holds by name; a bare array has the name "cam". */
function readMembers(bytes: Uint8Array, where: string): Members {
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

function findMaps(
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
function countClasses(members: Members, count: number, where: string): ClassId[] {
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

/** Activations of the largest CAM that is stretched to its picture: a gigabyte, as a file may hold itself. */
const MAX_STRETCHED = 2 ** 28;

function readPicture(value: unknown, count: number, where: string): Size {
  if (!isArray(value) || value.data.length !== 2) throw badFormat(where, "[height, width]", "another value");
  const [height, width] = Array.from(value.data as ArrayLike<number | bigint>, Number);
  checkSize(where, { height, width });
  if (count * height * width > MAX_STRETCHED)
    throw badFormat(where, `at most ${MAX_STRETCHED} pixels of ${count} maps`, formatSize({ height, width }));
  return { height, width };
}

function checkClasses(classes: readonly ClassId[], where: string): void {
  for (const [i, classId] of classes.entries()) {
    if (!Number.isInteger(classId) || classId < 1 || classId >= IGNORE) {
      const hint = "Numbers in CAM files count from 0 without the background, unless keyBase is 1.";
      throw badFormat(where, "class ids 1..254", `${classId}`, hint);
    }
    if (classes.indexOf(classId) !== i) throw badFormat(where, "each class once", `${classId} twice`);
  }
}

function toFloat32({ dtype, data }: NdArray): Float32Array {
  if (data instanceof Float32Array) return data;
  if (dtype === "float16") return halfToFloat32(data as Uint16Array);
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}

function isArray(value: unknown): value is NdArray {
  const { dtype, shape, data } = Object(value) as Partial<NdArray>;
  return typeof dtype === "string" && Array.isArray(shape) && ArrayBuffer.isView(data);
}
