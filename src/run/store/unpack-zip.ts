import { closeSync, createReadStream, createWriteStream, fstatSync, openSync, readSync } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createInflateRaw } from "node:zlib";
import { badFormat, MaskwrightError } from "../../core/error.ts";
import { writeError } from "../../data/paths.ts";
import { readZipDirectory, type ZipEntry } from "../../engine/zip-directory.ts";

/** Weights hardly shrink in a zip archive: what grows more than this was made to fill a disk. */
const MAX_GROWTH = 8;

/**
 * Unpacks the one file of weights in a zip archive, as authors make one where files above 100 MB are not welcome.
 *
 * @param path  an archive, also of other files
 * @param to    where the weights go
 * @throws MaskwrightError BAD_FORMAT for an archive with none or several, or one that is damaged; INVALID_ARGUMENT for a full disk
 */
export async function unpackZip(path: string, to: string, signal: AbortSignal): Promise<void> {
  const { begin, end, isStored, name } = findWeights(path);
  const limit = MAX_GROWTH * (end - begin);
  let bytes = 0;
  const limited = new Transform({
    transform(chunk: Uint8Array, _, done) {
      bytes += chunk.length;
      if (bytes <= limit) done(null, chunk);
      else done(badFormat(`${path}: ${name}`, `at most ${limit} bytes`, "more"));
    },
  });
  // A stream's end is inclusive.
  const packed = createReadStream(path, { start: begin, end: end - 1 });
  const plain = createWriteStream(to);
  try {
    if (isStored) await pipeline(packed, limited, plain, { signal });
    else await pipeline(packed, createInflateRaw(), limited, plain, { signal });
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    if (code.startsWith("Z_"))
      throw badFormat(`${path}: ${name}`, "deflated data", message, "Fetch the file again.");
    if (error instanceof MaskwrightError || signal.aborted) throw error;
    throw writeError(to, "a file to write", error);
  }
}

function findWeights(path: string): ZipEntry {
  const file = openSync(path, "r");
  try {
    const source = {
      size: fstatSync(file).size,
      read(offset: number, length: number): Uint8Array {
        const bytes = new Uint8Array(length);
        readSync(file, bytes, 0, length, offset);
        return bytes;
      },
    };
    // macOS puts files of its own into archives, below a folder of that name.
    const found = [...readZipDirectory(source, path).values()].filter(
      ({ name, begin, end }) =>
        /\.(pth?|safetensors)$/.test(name) && !name.startsWith("__MACOSX/") && end > begin,
    );
    if (found.length === 1) return found[0];
    throw badFormat(path, "an archive with one .pt, .pth or .safetensors file", `${found.length} of them`);
  } finally {
    closeSync(file);
  }
}
