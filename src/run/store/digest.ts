import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { badFormat, MaskwrightError } from "../../core/error.ts";
import { fileError } from "../../data/paths.ts";
import type { FileDigest } from "../../models/registry.ts";

/** What a file hashes to. */
export interface Digests {
  readonly bytes: number;
  readonly sha256: string;
  /** As in `FileDigest`. */
  readonly gitBlob: string;
}

export interface DigestOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytes: number) => void;
}

/**
 * Reads a file once and hashes it in every way that a registry knows.
 *
 * @throws MaskwrightError NOT_FOUND, INVALID_ARGUMENT, ABORTED
 */
export async function digestFile(path: string, options: DigestOptions = {}): Promise<Digests> {
  const { signal, onProgress } = options;
  try {
    const { size } = statSync(path);
    const sha256 = createHash("sha256");
    const gitBlob = createHash("sha1").update(`blob ${size}\0`);
    let bytes = 0;
    const stream = createReadStream(path, {
      highWaterMark: 2 ** 20,
      ...(signal !== undefined && { signal }),
    });
    for await (const chunk of stream) {
      sha256.update(chunk as Uint8Array);
      gitBlob.update(chunk as Uint8Array);
      bytes += (chunk as Uint8Array).length;
      onProgress?.(bytes);
    }
    return { bytes, sha256: sha256.digest("hex"), gitBlob: gitBlob.digest("hex") };
  } catch (cause) {
    if (signal?.aborted) throw new MaskwrightError("ABORTED", `${path}: stopped`);
    throw fileError(path, "a file", cause);
  }
}

/** Whether a file hashes to what was published. */
export function matchesDigest(digests: Digests, { algorithm, value }: FileDigest): boolean {
  return value === (algorithm === "sha256" ? digests.sha256 : digests.gitBlob);
}

/** @throws MaskwrightError BAD_FORMAT when a file is not the published one */
export function checkDigest(where: string, digests: Digests, digest: FileDigest, hint: string): void {
  if (matchesDigest(digests, digest)) return;
  const { algorithm, value, source } = digest;
  const got = algorithm === "sha256" ? digests.sha256 : digests.gitBlob;
  throw badFormat(where, `${algorithm} ${value} (${source})`, got, hint);
}
