import { byteReader } from "../core/byte-reader.ts";
import { badFormat, MaskwrightError } from "../core/error.ts";
import { readPickle } from "../core/pickle.ts";
import type { ByteSource } from "./byte-source.ts";
import type { PthContents } from "./pth-zip.ts";
import { readTorchPickle, type TorchStorage } from "./torch-pickle.ts";
import { torchItemSize } from "./torch-tensor.ts";

/** The pickle of torch's magic number, with which every such file begins. */
export const LEGACY_START: readonly number[] = [
  0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
];
const firstRead = 2 ** 16;
const MAX_PICKLE_BYTES = 2 ** 26;

/**
 * What `torch.save` wrote before PyTorch 1.6: pickles of a magic number, the protocol, the machine, the value and the storages' keys,
 * then for each key the number of elements and the elements.
 *
 * @throws MaskwrightError BAD_FORMAT
 * @see torch/serialization.py, _legacy_save and _legacy_load
 */
export function readLegacyPth(source: ByteSource, where: string): PthContents {
  const { value, storages, keys, dataAt } = readPickles(source, where);
  const begins = new Map<string, number>();
  let at = dataAt;
  for (const key of keys) {
    const storage = typeof key === "string" ? storages.get(key) : undefined;
    if (storage === undefined || begins.has(storage.key)) {
      throw badFormat(`${where}: keys of the storages`, "each storage once", "others");
    }
    at = locateStorage(source, storage, at, where);
    begins.set(storage.key, at);
    at += storage.count * torchItemSize(storage);
  }
  if (at !== source.size) throw badFormat(where, `${at} bytes, as its storages say`, `${source.size} bytes`);
  return {
    value,
    locate({ key }) {
      const begin = begins.get(key);
      if (begin === undefined) throw badFormat(where, `the data of storage ${key}`, "none");
      return begin;
    },
  };
}

/** The byte after a storage's number of elements, which must be what its persistent id said. */
function locateStorage(source: ByteSource, storage: TorchStorage, at: number, where: string): number {
  const place = `${where}: storage ${storage.key}`;
  const incomplete = "the file may be incomplete: fetch it again";
  const begin = at + 8;
  if (begin + storage.count * torchItemSize(storage) > source.size) {
    throw badFormat(
      place,
      `${storage.count} elements at byte ${at}`,
      `the end at ${source.size}`,
      incomplete,
    );
  }
  const count = byteReader(source.read(at, 8), place).length64();
  if (count !== storage.count) throw badFormat(place, `${storage.count} elements`, `${count}`);
  return begin;
}

interface LegacyPickles {
  readonly value: unknown;
  readonly storages: ReadonlyMap<string, TorchStorage>;
  readonly keys: readonly unknown[];
  /** Byte after the last pickle. */
  readonly dataAt: number;
}

/** No one says how long the pickles are, so more of the file is read until they end. */
function readPickles(source: ByteSource, where: string): LegacyPickles {
  const limit = Math.min(source.size, MAX_PICKLE_BYTES);
  for (let length = Math.min(firstRead, limit); ; length = Math.min(4 * length, limit)) {
    try {
      return parsePickles(source.read(0, length), where);
    } catch (error) {
      if (!(error instanceof MaskwrightError) || length === limit) throw error;
    }
  }
}

function parsePickles(bytes: Uint8Array, where: string): LegacyPickles {
  const protocol = readPickle(bytes, where, { start: LEGACY_START.length });
  if (protocol.value !== 1001) throw badFormat(where, "protocol 1001 of torch.save", `${protocol.value}`);
  const machine = readPickle(bytes, where, { start: protocol.end });
  if (!(machine.value instanceof Map) || machine.value.get("little_endian") !== true) {
    throw badFormat(where, "little-endian data", "another byte order");
  }
  const { value, storages, end } = readTorchPickle(bytes, where, machine.end);
  const keys = readPickle(bytes, where, { start: end });
  if (!Array.isArray(keys.value)) throw badFormat(where, "a list of storages' keys", "another value");
  return { value, storages, keys: keys.value, dataAt: keys.end };
}
