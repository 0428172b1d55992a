import { elementCount } from "../core/array.ts";
import { shapeMismatch } from "../core/error.ts";
import { layoutSafetensors } from "../core/safetensors-header.ts";
import type { StoredTensor } from "./stored-tensor.ts";

/** A tensor to be written; it is read once, when its turn comes, so that a file may be larger than memory. */
export type TensorToWrite = Pick<StoredTensor, "dtype" | "shape" | "read">;

/**
 * The bytes of a safetensors file, piece by piece: the header, then each tensor. They are those of `writeSafetensors`.
 *
 * @throws MaskwrightError SHAPE_MISMATCH for a tensor that is not what was announced, when its turn comes
 */
export function* streamSafetensors(
  tensors: ReadonlyMap<string, TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array> {
  const { header, names } = layoutSafetensors(tensors, metadata);
  yield header;
  for (const name of names) {
    const tensor = tensors.get(name) as TensorToWrite;
    const { dtype, shape, data } = tensor.read();
    if (dtype !== tensor.dtype || data.length !== elementCount(tensor.shape)) {
      const announced = `${tensor.dtype} [${tensor.shape}]`;
      throw shapeMismatch(`streamSafetensors: "${name}"`, announced, `${dtype} [${shape}]`);
    }
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
}
