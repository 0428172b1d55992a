import { elementCount } from "../core/array.ts";
import { halfToFloat32 } from "../core/half.ts";
import { BYTES, constant, type Graph, type Tensor } from "./graph.ts";
import { cast } from "./ops/compare.ts";
import type { StoredTensor, WeightFile } from "./stored-tensor.ts";
import { findTensor } from "./weight-file.ts";

export interface FrozenWeightsOptions {
  /**
   * The file's name within the folder that is handed to `compile`. With it the weights of a large file stay there: the model says at
   * which bytes, and the runtime maps them into memory. Without it all weights are read.
   */
  readonly location?: string;
  /** Bytes of weights from which a file is large. Default 64 MB. */
  readonly largeBytes?: number;
}

/**
 * A function that gives the weights of a file as constants of the graph, by name. float16 weights count as the float32 they stand for.
 *
 * @throws MaskwrightError NOT_FOUND, from that function, for a name that the file does not have
 */
export function frozenWeights(
  graph: Graph,
  file: WeightFile,
  { location, largeBytes = 64e6 }: FrozenWeightsOptions = {},
): (name: string) => Tensor {
  const tensors = [...file.tensors.values()];
  const isLarge = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0) > largeBytes;
  const known = new Map<string, Tensor>();
  return (name) => {
    const tensor = known.get(name) ?? frozen(name, findTensor(file, name));
    known.set(name, tensor);
    return tensor;
  };

  function frozen(name: string, stored: StoredTensor): Tensor {
    const { dtype, shape, range } = stored;
    if (location !== undefined && isLarge && range !== null) {
      const data = { location, offset: range.begin, length: range.end - range.begin };
      const tensor = constant(graph, data, { name, shape, dtype });
      return dtype === "float16" ? cast(tensor, "float32") : tensor;
    }
    const array = stored.read();
    if (array.dtype !== "float16") return constant(graph, array.data, { name, shape, dtype });
    return constant(graph, halfToFloat32(array.data as Uint16Array), { name, shape });
  }
}

function bytesOf({ dtype, shape }: StoredTensor): number {
  return elementCount(shape) * BYTES[dtype];
}
