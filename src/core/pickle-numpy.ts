import { elementCount, type NdArray } from "./array.ts";
import { badFormat } from "./error.ts";
import { itemSize, numpyArray } from "./numpy-array.ts";
import type { PickleNames } from "./pickle.ts";

/** An array of Python values: what NumPy saves when it is given a dict. */
export interface ObjectArray {
  readonly dtype: "object";
  readonly shape: readonly number[];
  readonly items: readonly unknown[];
}

/** Names and the state of their instances, to be given to `readPickle`. */
export interface PickledKind {
  readonly allow: PickleNames;
  readonly build: (instance: unknown, state: unknown) => boolean;
}

/** Counts the bytes of arrays, so that a small file cannot have one array made again and again. */
export type Spend = (bytes: number) => void;

/** A NumPy dtype while a pickle is read; its byte order comes as state. */
interface PickledDtype {
  readonly kind: "numpy dtype";
  readonly type: string;
  order: string;
}

/**
 * NumPy's arrays, scalars and dtypes in a pickle: arrays become NdArray or ObjectArray, scalars numbers.
 *
 * @see numpy/_core/src/multiarray/methods.c, array_reduce and array_setstate
 */
export function pickledNumpy(where: string, spend: Spend): PickledKind {
  const shells = new WeakSet<object>();
  const decode = (
    dtype: unknown,
    shape: unknown,
    fortranOrder: boolean,
    raw: unknown,
  ): NdArray | ObjectArray => {
    if (!isDtype(dtype) || !isShape(shape)) throw badFormat(where, "a NumPy dtype and shape", "other values");
    if (dtype.type.startsWith("O")) {
      if (!Array.isArray(raw) || raw.length !== elementCount(shape)) {
        throw badFormat(
          where,
          `${elementCount(shape)} objects`,
          Array.isArray(raw) ? `${raw.length}` : "bytes",
        );
      }
      return { dtype: "object", shape, items: raw };
    }
    const bytes = toBytes(raw, where);
    spend(bytes.length);
    return numpyArray(bytes, { descr: dtype.order + dtype.type, shape, fortranOrder }, where);
  };
  const reconstruct = (): object => {
    const shell = {};
    shells.add(shell);
    return shell;
  };
  const scalar = ([dtype, raw]: readonly unknown[]): unknown => {
    if (isDtype(dtype) && dtype.type.startsWith("O")) throw badFormat(where, "a number", "a NumPy object");
    const value = (decode(dtype, [], false, raw) as NdArray).data[0];
    return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  };
  const fromBuffer = ([raw, dtype, shape, order]: readonly unknown[]): unknown =>
    decode(dtype, shape, order === "F", raw);
  const allow: PickleNames = {
    "numpy.ndarray": null,
    "numpy.dtype": ([type]) => newDtype(type, where),
    "_codecs.encode": ([text, encoding]) => {
      if (typeof text !== "string" || encoding !== "latin1")
        throw badFormat(where, "Latin-1 text", "another encoding");
      spend(text.length);
      return toBytes(text, where);
    },
    // NumPy 2 renamed numpy.core to numpy._core.
    ...Object.fromEntries(
      ["numpy.core", "numpy._core"].flatMap((core) => [
        [`${core}.multiarray._reconstruct`, reconstruct],
        [`${core}.multiarray.scalar`, scalar],
        [`${core}.numeric._frombuffer`, fromBuffer],
      ]),
    ),
  };
  const build = (instance: unknown, state: unknown): boolean => {
    if (!Array.isArray(state)) return false;
    if (isDtype(instance)) {
      if (typeof state[1] === "string" && /^[<>|=]$/.test(state[1])) instance.order = state[1];
      return true;
    }
    if (typeof instance !== "object" || instance === null || !shells.has(instance)) return false;
    const [shape, dtype, isFortran, raw] = state.slice(-4);
    Object.assign(instance, decode(dtype, shape, isFortran === true, raw));
    return true;
  };
  return { allow, build };
}

function newDtype(type: unknown, where: string): PickledDtype {
  if (typeof type !== "string") throw badFormat(where, "a NumPy dtype", "another value");
  if (!/^O[48]?$/.test(type)) itemSize(`|${type}`, where);
  return { kind: "numpy dtype", type, order: "|" };
}

function isDtype(value: unknown): value is PickledDtype {
  return typeof value === "object" && value !== null && (value as PickledDtype).kind === "numpy dtype";
}

/** Whether a value is a list of lengths whose product is exact: NaN would pass every later limit. */
export function isShape(value: unknown): value is number[] {
  const isList = Array.isArray(value) && value.length <= 64;
  if (!isList || !value.every((n) => Number.isSafeInteger(n) && n >= 0)) return false;
  return Number.isSafeInteger(elementCount(value));
}

/** Python 2 has its bytes as text, one character a byte. */
function toBytes(raw: unknown, where: string): Uint8Array {
  if (raw instanceof Uint8Array) return raw;
  if (typeof raw !== "string") throw badFormat(where, "the bytes of an array", "another value");
  return Uint8Array.from(raw, (char) => {
    const code = char.charCodeAt(0);
    if (code > 255) throw badFormat(where, "Latin-1 text", JSON.stringify(char));
    return code;
  });
}
