import { badFormat } from "./error.ts";
import { readPickle } from "./pickle.ts";
import { pickledNumpy } from "./pickle-numpy.ts";
import { pickledTorch } from "./pickle-torch.ts";

/**
 * The value of a pickle that may hold NumPy arrays and PyTorch tensors besides plain data, and nothing else;
 * see `readPickle`.
 *
 * @throws MaskwrightError BAD_FORMAT naming anything else, and for arrays that together are larger than four times the file
 */
export function readArrayPickle(bytes: Uint8Array, where: string, start = 0): unknown {
  const limit = 4 * bytes.length;
  let spent = 0;
  const spend = (count: number): void => {
    spent += count;
    if (spent > limit) throw badFormat(where, `arrays of at most ${limit} bytes together`, "more");
  };
  const numpy = pickledNumpy(where, spend);
  const torch = pickledTorch(where, spend);
  const { value, end } = readPickle(bytes, where, {
    start,
    allow: { ...numpy.allow, ...torch.allow },
    build: numpy.build,
  });
  if (end !== bytes.length) throw badFormat(where, `the end at byte ${end}`, `${bytes.length} bytes`);
  return value;
}
