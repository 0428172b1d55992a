import { existsSync } from "node:fs";
import type { NdArray } from "../../core/array.ts";
import { badFormat, shapeMismatch } from "../../core/error.ts";
import { formatSize, type Size } from "../../core/geometry.ts";
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
          affinityFromAttention(decodeAttention(attentionBytes, attentionPath, cam), rounds),
          options,
        );
  const encoded = encodeCam(refined, cam.picture);
  writeAtomically(out, encoded);
  return { key, result: { maps: refined.classes.length, bytes: encoded.length } };
}

/** @throws MaskwrightError for attention that is not among the CAM's positions, or has values that no weights are */
function decodeAttention(bytes: Uint8Array, where: string, grid: Size): NdArray<"float32"> {
  const array = readSafetensors(bytes, where).get("attention");
  if (array?.dtype !== "float32" && array?.dtype !== "float16")
    throw badFormat(where, '"attention" [N, N] in float16 or float32', array?.dtype ?? "none");
  const { dtype, shape } = array;
  const count = grid.height * grid.width;
  if (shape.length !== 2 || shape.some((length) => length !== count)) {
    const expected = `[${count}, ${count}] for a CAM of ${formatSize(grid)} positions`;
    throw shapeMismatch(where, expected, `[${shape.join(", ")}]`);
  }
  const data = dtype === "float16" ? halfToFloat32(array.data as Uint16Array) : (array.data as Float32Array);
  const wrong = data.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY));
  if (wrong >= 0)
    throw badFormat(where, "finite attention of 0 or more", `${data[wrong]} at element ${wrong}`);
  return { dtype: "float32", shape, data };
}
