import type { NdArray } from "../../core/array.ts";
import { badFormat } from "../../core/error.ts";
import { fromHalf } from "../../core/half.ts";
import { isCheckpoint } from "../../engine/checkpoint.ts";
import { openWeightFile } from "../../engine/node.ts";
import type { SamConfig } from "../../models/sam/config.ts";
import { samWeights } from "../../models/sam/weights.ts";
import { digestFile } from "../store/digest.ts";
import { locateModel } from "../store/stored-models.ts";

/** What a training begins with instead of random weights. */
export interface FirstWeights {
  readonly tensors: ReadonlyMap<string, NdArray>;
  /** Of the file. */
  readonly sha256: string;
  /** A state of a training; otherwise weights as they are used. */
  readonly isCheckpoint: boolean;
}

/**
 * The first weights of a training of `sam-tiny`, float16 made float32.
 *
 * @param init  a checkpoint or a weight file of `train sam-tiny`, or "sam-tiny" for the weights that the model has
 * @throws MaskwrightError NOT_FOUND, BAD_FORMAT or SHAPE_MISMATCH for a file without the tensors of the network, by its name
 */
export async function readFirstWeights(init: string, config: SamConfig): Promise<FirstWeights> {
  const path = init === "sam-tiny" ? locateModel(init).path : init;
  const { sha256 } = await digestFile(path);
  const file = openWeightFile(path);
  try {
    const tensors = new Map<string, NdArray>();
    for (const [name, tensor] of samWeights(file, config).tensors) {
      const array = fromHalf(tensor.read());
      if (array.dtype !== "float32")
        throw badFormat(`${path}: tensor "${name}"`, "float32 or float16", array.dtype);
      tensors.set(name, array);
    }
    return { tensors, sha256, isCheckpoint: isCheckpoint(file.metadata) };
  } finally {
    file.close();
  }
}
