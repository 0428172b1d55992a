import { elementCount, type NdArray } from "../core/array.ts";
import { badFormat } from "../core/error.ts";
import type { ByteSource } from "./byte-source.ts";
import { LEGACY_START, readLegacyPth } from "./pth-legacy.ts";
import { readZipPth } from "./pth-zip.ts";
import type { StoredTensor } from "./stored-tensor.ts";
import { nameTensors } from "./tensor-tree.ts";
import { isTorchTensor, type TorchTensor } from "./torch-pickle.ts";
import { storedTensor, torchItemSize } from "./torch-tensor.ts";

/** Whether a file begins like one of `torch.save`: a zip archive or the older stream of pickles. */
export function isPth(start: Uint8Array): boolean {
  return isZip(start) || LEGACY_START.every((byte, at) => start[at] === byte);
}

/**
 * The tensors of a .pth or .pt file by name: zip archives, older files and TorchScript archives. The pickle inside is read as data by a reader
 * that executes nothing and refuses what it does not know by name; tensors are read from the file when they are asked for.
 *
 * Names are paths through dicts, lists and modules; see `nameTensors`. A TorchScript archive does not tell parameters from other tensors
 * among a module's attributes, so it may have a few more names than the module's state dict.
 *
 * @throws MaskwrightError BAD_FORMAT, also for tensors that are together more than four times as large as the file
 */
export function readPth(source: ByteSource, where: string): Map<string, StoredTensor> {
  const contents = isZip(source.read(0, Math.min(4, source.size)))
    ? readZipPth(source, where)
    : readLegacyPth(source, where);
  const tensors = new Map<string, StoredTensor>();
  let total = 0;
  for (const [name, tensor] of nameTensors(contents.value, where)) {
    total += byteLength(tensor);
    // Views may share a storage, but not so often that a small file is a large one in memory.
    if (total > 4 * source.size)
      throw badFormat(where, `tensors of at most ${4 * source.size} bytes`, "more");
    const place = `${where}: tensor "${name}"`;
    const stored = isTorchTensor(tensor)
      ? storedTensor(source, tensor, contents.locate(tensor.storage), place)
      : { ...tensor, range: null, read: () => tensor };
    tensors.set(name, stored);
  }
  return tensors;
}

function isZip(start: Uint8Array): boolean {
  return start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4;
}

function byteLength(tensor: TorchTensor | NdArray): number {
  if (!isTorchTensor(tensor)) return tensor.data.byteLength;
  return elementCount(tensor.shape) * torchItemSize(tensor.storage);
}
