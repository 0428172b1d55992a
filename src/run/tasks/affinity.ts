import { existsSync } from "node:fs";
import type { NdArray } from "../../core/array.ts";
import { badFormat } from "../../core/error.ts";
import { halfToFloat32 } from "../../core/half.ts";
import { readSafetensors } from "../../core/safetensors.ts";
import { encodeCam } from "../../data/cam-file.ts";
import { readFileBytes } from "../../data/paths.ts";
import { affinityFromAttention, refineCam } from "../../methods/fma/affinity.ts";
import type { SeedRecipe } from "../../methods/fma/recipes.ts";
import { artifactKey } from "../artifact-key.ts";
import { writeAtomically } from "../files.ts";
import type { ItemResult } from "../stage.ts";
import { type CamFile, readCamFile } from "./seed.ts";

export interface AffinityTask {
  readonly id: string;
  readonly cam: CamFile;
  /** As the stage of CAMs wrote it, or in float32; not there for a photo without maps. */
  readonly attention: string;
  readonly affinity: NonNullable<SeedRecipe["affinity"]>;
  /** The CAM to write. */
  readonly out: string;
  readonly stage: string;
  readonly knownKey: string | null;
}

export interface AffinityResult {
  readonly maps: number;
  readonly bytes: number;
}

/** Refines a photo's CAM by how positions of its grid resemble each other. */
export function refineByAffinity(task: AffinityTask): ItemResult<AffinityResult> {
  const { cam: file, attention: attentionPath, affinity, out, stage, knownKey } = task;
  const bytes = readFileBytes(file.path);
  const cam = readCamFile(bytes, file);
  const attentionBytes = cam.classes.length === 0 ? new Uint8Array(0) : readFileBytes(attentionPath);
  const key = artifactKey(stage, [bytes, Buffer.from(JSON.stringify(file.classes)), attentionBytes]);
  if (key === knownKey && existsSync(out)) return { key, result: null };
  const { rounds, ...options } = affinity;
  const refined =
    cam.classes.length === 0
      ? cam
      : refineCam(
          cam,
          affinityFromAttention(decodeAttention(attentionBytes, attentionPath), rounds),
          options,
        );
  const encoded = encodeCam(refined, cam.picture);
  writeAtomically(out, encoded);
  return { key, result: { maps: refined.classes.length, bytes: encoded.length } };
}

function decodeAttention(bytes: Uint8Array, where: string): NdArray<"float32"> {
  const array = readSafetensors(bytes, where).get("attention");
  if (array?.dtype === "float32") return array as NdArray<"float32">;
  if (array?.dtype === "float16")
    return { dtype: "float32", shape: array.shape, data: halfToFloat32(array.data as Uint16Array) };
  throw badFormat(where, 'float16 "attention" [N, N]', array === undefined ? "none" : array.dtype);
}
