import { unzipSync } from "fflate";
import type { NdArray } from "../core/array.ts";
import { badFormat, MaskwrightError } from "../core/error.ts";
import { readNpy } from "./npy.ts";

const MAX_ENTRIES = 1000;
const MAX_BYTES = 2 ** 30;

/**
 * The arrays of a .npz file by name, stored or deflated.
 *
 * @throws MaskwrightError BAD_FORMAT for a broken archive, an entry that is no .npy of numbers, a name twice, more than 1,000
 *         entries, or more than 1 GiB of contents by the archive's own account, which is checked before unpacking
 */
export function readNpz(bytes: Uint8Array, where: string): Map<string, NdArray> {
  const arrays = new Map<string, NdArray>();
  for (const [file, content] of Object.entries(unpack(bytes, where))) {
    arrays.set(file.replace(/\.npy$/, ""), readNpy(content, `${where}: ${file}`));
  }
  return arrays;
}

/** Whether bytes begin like a zip archive. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

function unpack(bytes: Uint8Array, where: string): Record<string, Uint8Array> {
  const names = new Set<string>();
  let total = 0;
  try {
    return unzipSync(bytes, {
      filter({ name, originalSize }) {
        if (names.has(name)) throw badFormat(where, "each array once", `"${name}" twice`);
        names.add(name);
        total += originalSize;
        if (names.size > MAX_ENTRIES) throw badFormat(where, `at most ${MAX_ENTRIES} arrays`, "more");
        if (total > MAX_BYTES) throw badFormat(where, `at most ${MAX_BYTES} bytes of arrays`, "more");
        return true;
      },
    });
  } catch (error) {
    if (error instanceof MaskwrightError) throw error;
    throw badFormat(where, "a .npz file", (error as Error).message);
  }
}
