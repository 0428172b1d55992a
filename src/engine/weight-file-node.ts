import { closeSync, fstatSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { threadId } from "node:worker_threads";
import { badFormat, MaskwrightError } from "../core/error.ts";
import type { ByteSource } from "./byte-source.ts";
import { streamSafetensors, type TensorToWrite } from "./safetensors-stream.ts";
import type { WeightFile } from "./stored-tensor.ts";
import { openWeights } from "./weight-file.ts";

/** A weight file that is open. */
export interface OpenWeightFile extends WeightFile {
  readonly path: string;
  /** Ends reading; tensors that were read stay. */
  close(): void;
}

/** The system reads and writes fewer than 2^31 bytes at once. */
const pieceBytes = 2 ** 30;

/**
 * Opens a safetensors, .pth or .pt file; see `openWeights`.
 *
 * @throws MaskwrightError NOT_FOUND when there is no such file, BAD_FORMAT
 */
export function openWeightFile(path: string): OpenWeightFile {
  const file = openFile(path);
  const close = (): void => closeSync(file);
  try {
    return { ...openWeights(fileSource(file, path), path), path, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Writes a safetensors file tensor by tensor; it is absent, the old one or complete, whenever the process ends. */
export function writeSafetensorsFile(
  path: string,
  tensors: ReadonlyMap<string, TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${threadId}.tmp`);
  const file = openSync(temporary, "w");
  try {
    for (const bytes of streamSafetensors(tensors, metadata)) writeAll(file, bytes);
  } catch (error) {
    closeSync(file);
    rmSync(temporary, { force: true });
    throw error;
  }
  closeSync(file);
  renameSync(temporary, path);
}

function openFile(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new MaskwrightError("NOT_FOUND", `${path}: expected a weight file, got none`, { cause });
  }
}

function fileSource(file: number, path: string): ByteSource {
  const stat = fstatSync(file);
  if (!stat.isFile()) throw badFormat(path, "a weight file", stat.isDirectory() ? "a folder" : "no file");
  return {
    size: stat.size,
    read(offset, length) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        const count = readSync(file, bytes, at, Math.min(length - at, pieceBytes), offset + at);
        if (count === 0) throw badFormat(path, `${stat.size} bytes, as when it was opened`, "fewer");
        at += count;
      }
      return bytes;
    },
  };
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(file, bytes, at, Math.min(bytes.length - at, pieceBytes));
  }
}
