import { elementCount } from "../core/array.ts";
import { badFormat } from "../core/error.ts";
import { type PickleMeaning, type PickleName, type PickleNames, readPickle } from "../core/pickle.ts";
import { isShape, pickledNumpy } from "../core/pickle-numpy.ts";
import { torchStorageTypes } from "../core/pickle-torch.ts";

/** Numbers that lie outside the pickle. */
export interface TorchStorage {
  readonly key: string;
  /** NumPy's name of an element, e.g. "f4"; "bf2" for bfloat16. */
  readonly type: string;
  /** Elements. */
  readonly count: number;
}

/** A view of a storage; element (i, j, …) lies at offset + i · strides[0] + j · strides[1] + … */
export interface TorchTensor {
  readonly kind: "torch tensor";
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** An instance of a class that a TorchScript archive defines, or an argparse.Namespace: its attributes. */
type Attributes = Map<string, unknown>;

/**
 * The value that `torch.save` or `torch.jit.save` pickled, with tensors as views of storages that are elsewhere. Nothing is executed; only
 * names of plain data and tensors are known, and every other one is refused by its name.
 *
 * @returns the value, the storages by key, and the offset after the pickle
 * @throws MaskwrightError BAD_FORMAT
 */
export function readTorchPickle(
  bytes: Uint8Array,
  where: string,
  start = 0,
): {
  readonly value: unknown;
  readonly storages: ReadonlyMap<string, TorchStorage>;
  readonly end: number;
} {
  const storages = new Map<string, TorchStorage>();
  let spent = 0;
  const numpy = pickledNumpy(where, (count) => {
    spent += count;
    if (spent > 4 * bytes.length) throw badFormat(where, "arrays within the file", "more");
  });
  const { value, end } = readPickle(bytes, where, {
    start,
    allow: { ...numpy.allow, ...torchNames(where) },
    allowOther: scriptClass,
    build: (instance, state) => mergeState(instance, state) || numpy.build(instance, state),
    persistentLoad(id) {
      const storage = newStorage(id, where);
      storages.set(storage.key, storage);
      return storage;
    },
  });
  return { value, storages, end };
}

export function isTorchTensor(value: unknown): value is TorchTensor {
  return typeof value === "object" && value !== null && (value as TorchTensor).kind === "torch tensor";
}

/** The classes of a TorchScript archive are its own: their instances are read for their attributes, their code never is. */
function scriptClass(name: string): PickleMeaning | undefined {
  return name.startsWith("__torch__.") ? newAttributes : undefined;
}

function newAttributes(): Attributes {
  return new Map();
}

/** State is a dict of attributes. An OrderedDict gets one too, `_metadata`, which says nothing about its tensors. */
function mergeState(instance: unknown, state: unknown): boolean {
  if (!(instance instanceof Map) || !(state instanceof Map)) return false;
  for (const [name, value] of state) if (name !== "_metadata") instance.set(name, value);
  return true;
}

function torchNames(where: string): PickleNames {
  const rebuild = (args: readonly unknown[]): TorchTensor => newTensor(args, where);
  const first = ([value]: readonly unknown[]): unknown => value;
  const dtypes = "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool".split(" ");
  return {
    ...Object.fromEntries(Object.keys(torchStorageTypes).map((name) => [name, null])),
    ...Object.fromEntries(dtypes.map((name) => [`torch.${name}`, null])),
    "torch._utils._rebuild_tensor": rebuild,
    "torch._utils._rebuild_tensor_v2": rebuild,
    "torch._utils._rebuild_parameter": first,
    "torch.Size": first,
    "torch.device": first,
    "torch.jit._pickle.build_intlist": first,
    "torch.jit._pickle.build_doublelist": first,
    "torch.jit._pickle.build_boollist": first,
    "torch.jit._pickle.build_tensorlist": first,
    "torch.jit._pickle.restore_type_tag": first,
    "collections.OrderedDict": () => new Map(),
    // Milestones of a learning-rate schedule: a dict of counts.
    "collections.Counter": ([counts]) => counts ?? new Map(),
    "argparse.Namespace": newAttributes,
  };
}

function newTensor([storage, offset, shape, strides]: readonly unknown[], where: string): TorchTensor {
  if (!isStorage(storage) || !isShape(shape) || !isShape(strides) || !isShape([offset])) {
    throw badFormat(where, "a tensor's storage, offset, shape and strides", "other values");
  }
  const begin = offset as number;
  const count = elementCount(shape);
  const last = shape.reduce((at, length, axis) => at + (length - 1) * strides[axis], begin);
  // An expanded tensor repeats elements: a few bytes could claim to be terabytes.
  if (strides.length !== shape.length || count > storage.count || (count > 0 && !(last < storage.count))) {
    throw badFormat(
      where,
      `a tensor within the ${storage.count} elements of storage ${storage.key}`,
      `shape [${shape}], strides [${strides}], offset ${begin}`,
    );
  }
  return { kind: "torch tensor", storage, offset: begin, shape, strides };
}

/** ("storage", class, key, device, elements, view); views between storages are not written since PyTorch 0.4. */
function newStorage(id: unknown, where: string): TorchStorage {
  const [kind, type, key, , count, view] = Array.isArray(id) ? id : [];
  const name = (type as PickleName | undefined)?.name ?? "";
  if (kind !== "storage" || !Object.hasOwn(torchStorageTypes, name) || (view ?? null) !== null) {
    throw badFormat(where, "the persistent id of a tensor's storage", describeId(kind));
  }
  if (typeof key !== "string" || !/^\w{1,100}$/.test(key) || !isShape([count])) {
    throw badFormat(where, "a storage with a key and a number of elements", "other values");
  }
  return { key, type: torchStorageTypes[name], count };
}

function describeId(kind: unknown): string {
  return typeof kind === "string" ? JSON.stringify(kind.slice(0, 40)) : "another value";
}

function isStorage(value: unknown): value is TorchStorage {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "key");
}
