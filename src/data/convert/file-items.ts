import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { fileError } from "../paths.ts";

/** Pieces of a file that are read one at a time. */
export interface FileItems {
  readonly count: number;
  /** Where item n begins, in bytes. */
  start(n: number): number;
  bytes(n: number): Uint8Array;
}

const CHUNK = 2 ** 20;

/** Hands a file over in pieces of a megabyte: of any size, it takes no more memory than that. @throws MaskwrightError as `readFileBytes` */
export function scanFile(path: string, visit: (chunk: Uint8Array, offset: number) => void): void {
  withFile(path, (file) => {
    const buffer = new Uint8Array(CHUNK);
    for (let offset = 0; ; ) {
      const length = readSync(file, buffer, 0, CHUNK, offset);
      if (length === 0) return;
      visit(buffer.subarray(0, length), offset);
      offset += length;
    }
  });
}

/** The bytes of a file from `start` up to `end`, or to its end. */
export function readSpan(path: string, start: number, end: number): Uint8Array {
  return withFile(path, (file) => {
    const bytes = new Uint8Array(Math.max(0, Math.min(end, fstatSync(file).size) - start));
    for (let used = 0; used < bytes.length; ) {
      const length = readSync(file, bytes, used, bytes.length - used, start + used);
      if (length === 0) return bytes.subarray(0, used);
      used += length;
    }
    return bytes;
  });
}

/** Items by where each begins and ends. */
export function fileItems(path: string, starts: readonly number[], ends: readonly number[]): FileItems {
  return {
    count: starts.length,
    start: (n) => starts[n],
    bytes: (n) => readSpan(path, starts[n], ends[n]),
  };
}

function withFile<T>(path: string, use: (file: number) => T): T {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    throw fileError(path, "a file", cause);
  }
  try {
    return use(file);
  } catch (cause) {
    // A folder can be opened, but not read.
    throw cause instanceof Error && "syscall" in cause ? fileError(path, "a file", cause) : cause;
  } finally {
    closeSync(file);
  }
}
