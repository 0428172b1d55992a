import { type Dtype, elementCount, type NdArray } from "./array.ts";
import { byteReader } from "./byte-reader.ts";
import { badFormat } from "./error.ts";
import { bfloat16ToFloat32 } from "./half.ts";
import { numpyArray } from "./numpy-array.ts";
import { type PickleName, readPickle } from "./pickle.ts";
import { isShape, type PickledKind, type Spend } from "./pickle-numpy.ts";
import { toRowMajor } from "./strided.ts";

/** NumPy's type of a storage's elements by the name of its class; bfloat16 has none. */
export const torchStorageTypes: Readonly<Record<string, string>> = {
  "torch.FloatStorage": "f4",
  "torch.DoubleStorage": "f8",
  "torch.HalfStorage": "f2",
  "torch.BFloat16Storage": "bf2",
  "torch.LongStorage": "i8",
  "torch.IntStorage": "i4",
  "torch.ShortStorage": "i2",
  "torch.CharStorage": "i1",
  "torch.ByteStorage": "u1",
  "torch.BoolStorage": "b1",
};
const storageNames = Object.fromEntries(Object.keys(torchStorageTypes).map((name) => [name, null]));

interface TorchStorage {
  readonly kind: "torch storage";
  readonly type: string;
  /** [elements] */
  array?: NdArray;
}

/** PyTorch's tensors in a pickle that `pickle` or `np.save` wrote: each becomes a dense NdArray. Hooks and gradients are dropped. */
export function pickledTorch(where: string, spend: Spend): PickledKind {
  const rebuild = ([storage, offset, size, stride]: readonly unknown[]): NdArray => {
    const array = isStorage(storage) ? storage.array : undefined;
    if (array === undefined || !Number.isSafeInteger(offset) || !isShape(size) || !isShape(stride)) {
      throw badFormat(where, "a tensor's storage, offset, size and stride", "other values");
    }
    const count = elementCount(size);
    const last = size.reduce((at, length, axis) => at + (length - 1) * stride[axis], offset as number);
    const isInside = count === 0 || ((offset as number) >= 0 && last < array.data.length);
    // An expanded tensor repeats elements: a few bytes could claim to be terabytes.
    if (stride.length !== size.length || !isInside || count > array.data.length) {
      throw badFormat(
        where,
        `a tensor within its ${array.data.length} elements`,
        `size [${size}], stride [${stride}]`,
      );
    }
    spend(count * array.data.BYTES_PER_ELEMENT);
    return strided(array, size, stride, offset as number);
  };
  return {
    allow: {
      "torch._utils._rebuild_tensor": rebuild,
      "torch._utils._rebuild_tensor_v2": rebuild,
      "torch._utils._rebuild_parameter": ([tensor]) => tensor,
      "torch.storage._load_from_bytes": ([bytes]) => {
        if (!(bytes instanceof Uint8Array)) throw badFormat(where, "the bytes of a storage", "another value");
        spend(bytes.length);
        return readStorage(bytes, where);
      },
      "collections.OrderedDict": () => new Map(),
    },
    build: () => false,
  };
}

function strided<D extends Dtype>(
  array: NdArray<D>,
  shape: number[],
  strides: number[],
  offset: number,
): NdArray {
  return {
    dtype: array.dtype,
    shape,
    data: toRowMajor(array.data as Uint8Array, shape, strides, offset),
  } as NdArray;
}

/**
 * A storage in the stream that `torch.save` wrote before zip files: pickles of a magic number, the version, the
 * machine, the storage (a persistent id) and the list of keys, then length and bytes.
 *
 * @see torch/serialization.py, _legacy_save
 */
function readStorage(bytes: Uint8Array, where: string): TorchStorage {
  const place = `${where}: torch storage`;
  const magic = readPickle(bytes, place);
  if (magic.value !== 0x1950a86a20f9469cfc6cn)
    throw badFormat(place, "torch's magic number", `${magic.value}`);
  const version = readPickle(bytes, place, { start: magic.end });
  const machine = readPickle(bytes, place, { start: version.end });
  if (!(machine.value instanceof Map) || machine.value.get("little_endian") !== true) {
    throw badFormat(place, "little-endian data", "another byte order");
  }
  const { value: storage, end } = readPickle(bytes, place, {
    start: machine.end,
    allow: storageNames,
    persistentLoad: (id) => newStorage(id, place),
  });
  if (!isStorage(storage)) throw badFormat(place, "a storage", "another value");
  const keys = readPickle(bytes, place, { start: end });
  if (!Array.isArray(keys.value) || keys.value.length !== 1) throw badFormat(place, "one storage", "others");
  const reader = byteReader(bytes, place, keys.end);
  const count = reader.length64();
  const isBfloat16 = storage.type === "bf2";
  const type = isBfloat16 ? "u2" : storage.type;
  const raw = reader.bytes(count * Number(type[1]));
  storage.array = isBfloat16
    ? {
        dtype: "float32",
        shape: [count],
        data: bfloat16ToFloat32(new Uint16Array(new Uint8Array(raw).buffer)),
      }
    : numpyArray(raw, { descr: `<${type}`, shape: [count], fortranOrder: false }, place);
  return storage;
}

/** ("storage", class, key, device, element count, view); a view of another storage is not written since PyTorch 0.4. */
function newStorage(id: unknown, where: string): TorchStorage {
  const [kind, type, , , , view] = Array.isArray(id) ? id : [];
  const name = (type as PickleName | undefined)?.name;
  if (kind !== "storage" || name === undefined || (view ?? null) !== null) {
    throw badFormat(where, "the id of a storage", "another value");
  }
  return { kind: "torch storage", type: torchStorageTypes[name] };
}

function isStorage(value: unknown): value is TorchStorage {
  return typeof value === "object" && value !== null && (value as TorchStorage).kind === "torch storage";
}
