import { badFormat } from "../core/error.ts";
import type { ByteSource } from "./byte-source.ts";
import { readTorchPickle, type TorchStorage } from "./torch-pickle.ts";
import { torchItemSize } from "./torch-tensor.ts";
import { readZipDirectory, type ZipEntry } from "./zip-directory.ts";

/** A checkpoint's value and where its storages begin in the file. */
export interface PthContents {
  readonly value: unknown;
  /** Byte at which a storage's elements begin. */
  readonly locate: (storage: TorchStorage) => number;
}

const MAX_PICKLE_BYTES = 2 ** 26;

/**
 * What `torch.save` has written since PyTorch 1.6, and `torch.jit.save`: a zip archive with a pickle and one file for each storage. Of a
 * TorchScript archive the attributes are read and the code is not.
 *
 * @throws MaskwrightError BAD_FORMAT
 */
export function readZipPth(source: ByteSource, where: string): PthContents {
  const entries = readZipDirectory(source, where);
  const roots = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (roots.length !== 1) {
    const hint = "files of torch.save and torch.jit.save are read";
    throw badFormat(where, "a zip file with one NAME/data.pkl", `${roots.length}`, hint);
  }
  const root = roots[0].slice(0, -"/data.pkl".length);
  const contents = (file: string): ZipEntry => {
    const entry = entries.get(`${root}/${file}`);
    if (entry === undefined) throw badFormat(where, `${root}/${file}`, "none");
    if (entry.isStored) return entry;
    throw badFormat(
      `${where}: ${entry.name}`,
      "data stored as it is",
      "deflated data",
      "save it with torch.save",
    );
  };
  const pickle = contents("data.pkl");
  const length = pickle.end - pickle.begin;
  if (length > MAX_PICKLE_BYTES) {
    throw badFormat(`${where}: ${pickle.name}`, `at most ${MAX_PICKLE_BYTES} bytes`, `${length}`);
  }
  checkByteOrder(source, entries.get(`${root}/byteorder`), where);
  const { value } = readTorchPickle(source.read(pickle.begin, length), `${where}: ${pickle.name}`);
  return {
    value,
    locate(storage) {
      const { name, begin, end } = contents(`data/${storage.key}`);
      const wanted = storage.count * torchItemSize(storage);
      if (end - begin < wanted)
        throw badFormat(`${where}: ${name}`, `${wanted} bytes`, `${end - begin} bytes`);
      return begin;
    },
  };
}

/** Files since PyTorch 2.1 name their byte order. */
function checkByteOrder(source: ByteSource, entry: ZipEntry | undefined, where: string): void {
  if (entry === undefined) return;
  const text = new TextDecoder().decode(source.read(entry.begin, Math.min(entry.end - entry.begin, 16)));
  if (text !== "little") throw badFormat(where, "little-endian data", JSON.stringify(text));
}
