import type { NdArray } from "../core/array.ts";
import type { Cam, ClassMaps } from "../core/class-maps.ts";
import { badFormat, shapeMismatch } from "../core/error.ts";
import { formatSize, type Size } from "../core/geometry.ts";
import { type ClassId, IGNORE } from "../core/label-map.ts";
import { checkSize } from "../core/limits.ts";
import { writeSafetensors } from "../core/safetensors.ts";
import { countClasses, findMaps, isArray, readMembers, toFloat32 } from "./cam-members.ts";
import { readBytes } from "./json-file.ts";

export interface DecodeCamOptions {
  /** Class id of each map in the order of the result, instead of what the file says. */
  readonly classes?: readonly ClassId[];
  /** What the file's `keys` call the first class after the background. Default 0, as WSSS code counts. */
  readonly keyBase?: 0 | 1;
  /** Take a file that names no map, not even its size, for 1 × 1 without maps; otherwise it is refused. */
  readonly mayBeEmpty?: boolean;
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
  const { keyBase = 0, mayBeEmpty = false } = options;
  const members = readMembers(bytes, where);
  if (mayBeEmpty && members.size === 0)
    return { kind: "cam", classes: [], height: 1, width: 1, data: new Float32Array(0) };
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
