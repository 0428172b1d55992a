import { createHash } from "node:crypto";
import { writeSafetensors } from "../core/safetensors.ts";
import type { FileDigest, ModelEntry, ModelSource } from "../models/registry.ts";
import { randomTensors, tinyConfig } from "../models/sam/testing/tiny-sam.ts";
import { pthFile } from "./pth-file.ts";

/** SHA-256 in hexadecimal. */
export function hashBytes(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function sha256Of(bytes: Uint8Array): FileDigest {
  return { algorithm: "sha256", value: hashBytes(bytes), source: "this test" };
}

const tensors = randomTensors(tinyConfig);
/** A tiny SAM's weights as its authors might publish them, and as the store keeps them. */
export const tinyPth: Uint8Array = pthFile(tensors);
export const tinySafetensors: Uint8Array = writeSafetensors(tensors);

/** A registry entry for a tiny SAM. */
export function tinyModel(...sources: readonly ModelSource[]): ModelEntry {
  return {
    name: "tiny-sam",
    title: "Tiny SAM",
    license: "Apache-2.0",
    project: "https://example.org",
    network: { kind: "sam", config: tinyConfig },
    files: [{ role: "weights", sources }],
  };
}

/** A file that the tiny SAM's authors put at an address. */
export function authorsFile(url: string, bytes: Uint8Array | null = tinyPth): ModelSource {
  return {
    kind: "authors",
    url,
    bytes: bytes?.length ?? null,
    digest: bytes === null ? null : sha256Of(bytes),
  };
}
