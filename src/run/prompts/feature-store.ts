import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { MaskwrightError } from "../../core/error.ts";
import { readSafetensors, writeSafetensors } from "../../core/safetensors.ts";
import { writeAtomically } from "../files.ts";

/** What CLIP made of pictures that look the same in every step. */
export interface FeatureStore {
  /** Null for a picture that has not been seen, or found no room. */
  get(id: string): Float32Array | null;
  put(id: string, features: Float32Array): void;
}

/**
 * A store on disk, which a run that goes on finds again. It holds what fits into `maxBytes` and gives nothing up for what comes later: each
 * epoch sees every picture once, in another order, so no picture is needed sooner than another. What cannot be written is not kept.
 *
 * @param folder  of these features alone: what it holds is believed
 */
export function openFeatureStore(folder: string, maxBytes: number): FeatureStore {
  let total = bytesIn(folder);
  const fileOf = (id: string): string => join(folder, `${id}.safetensors`);
  return {
    get(id) {
      const path = fileOf(id);
      if (!existsSync(path)) return null;
      return (readSafetensors(readFileSync(path), path).get("features")?.data ?? null) as Float32Array | null;
    },
    put(id, features) {
      const array = { dtype: "float32", shape: [features.length], data: features } as const;
      const bytes = writeSafetensors(new Map([["features", array]]));
      if (total + bytes.length > maxBytes) return;
      try {
        writeAtomically(fileOf(id), bytes);
      } catch (error) {
        if (!(error instanceof MaskwrightError)) throw error;
        return;
      }
      total += bytes.length;
    },
  };
}

function bytesIn(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
