import type { NdArray } from "../core/array.ts";
import { badFormat } from "../core/error.ts";
import { isTorchTensor, type TorchTensor } from "./torch-pickle.ts";

const MAX_DEPTH = 64;
/** Visits, so that a list which holds another one twice, and so on, ends. */
const MAX_VALUES = 1_000_000;
const MAX_NAME_LENGTH = 1024;

/**
 * The tensors in a checkpoint by name: keys, attributes and list positions joined by dots, as in "model.head.weight" or
 * "optimizer.state.0.exp_avg". A tensor alone is "tensor". All other values are left out.
 *
 * @throws MaskwrightError BAD_FORMAT for two tensors of one name, a key that is neither text nor a number, and too deep or too many values
 */
export function nameTensors(root: unknown, where: string): Map<string, TorchTensor | NdArray> {
  const tensors = new Map<string, TorchTensor | NdArray>();
  let visited = 0;
  const visit = (value: unknown, name: string, depth: number): void => {
    if (++visited > MAX_VALUES) throw badFormat(where, `at most ${MAX_VALUES} values`, "more");
    if (depth > MAX_DEPTH) throw badFormat(where, `values nested at most ${MAX_DEPTH} deep`, "deeper ones");
    if (isTorchTensor(value) || isArray(value)) {
      const full = name === "" ? "tensor" : name;
      if (full.length > MAX_NAME_LENGTH) {
        throw badFormat(where, `names of at most ${MAX_NAME_LENGTH} characters`, `${full.length}`);
      }
      if (tensors.has(full)) throw badFormat(where, "each tensor once", `"${full}" twice`);
      tensors.set(full, value);
      return;
    }
    for (const [key, member] of members(value, where)) {
      visit(member, name === "" ? key : `${name}.${key}`, depth + 1);
    }
  };
  visit(root, "", 0);
  return tensors;
}

function* members(value: unknown, where: string): Generator<[key: string, member: unknown]> {
  if (Array.isArray(value)) for (const [index, member] of value.entries()) yield [`${index}`, member];
  if (!(value instanceof Map)) return;
  for (const [key, member] of value) {
    if (typeof key !== "string" && typeof key !== "number") {
      throw badFormat(where, "text or numbers as keys", "another value");
    }
    yield [`${key}`, member];
  }
}

/** A NumPy array; one of Python objects holds no weights. */
function isArray(value: unknown): value is NdArray {
  return typeof value === "object" && value !== null && "dtype" in value && value.dtype !== "object";
}
