import { existsSync } from "node:fs";
import { writeSafetensors } from "../../core/safetensors.ts";
import { readFileBytes } from "../../data/paths.ts";
import { readPhoto } from "../../data/photo.ts";
import { averageFeatures } from "../../methods/classifier/cam.ts";
import { viewPicture } from "../../methods/classifier/views.ts";
import { artifactKey } from "../artifact-key.ts";
import type { Backbone } from "../cams/cam-source.ts";
import { threadExtractor } from "../cams/thread-extractor.ts";
import { writeAtomically } from "../files.ts";
import type { ItemResult } from "../stage.ts";

export interface FeaturesTask {
  readonly id: string;
  readonly photo: string;
  readonly backbone: Backbone;
  /** The safetensors to write. */
  readonly out: string;
  readonly stage: string;
  readonly knownKey: string | null;
}

export interface FeaturesResult {
  readonly bytes: number;
}

/** What the classifier's head learns from: `features` [V, F], the mean of each feature over a photo, for each view of it. */
export async function extractFeatures(task: FeaturesTask): Promise<ItemResult<FeaturesResult>> {
  const { photo, backbone, out, stage, knownKey } = task;
  const key = artifactKey(stage, [readFileBytes(photo)]);
  if (key === knownKey && existsSync(out)) return { key, result: null };
  const views = await viewPicture(await threadExtractor(backbone), await readPhoto(photo));
  const size = views[0].features.shape[0];
  const data = new Float32Array(views.length * size);
  views.forEach(({ features }, v) => {
    data.set(averageFeatures(features), v * size);
  });
  const bytes = writeSafetensors(
    new Map([["features", { dtype: "float32", shape: [views.length, size], data }]]),
  );
  writeAtomically(out, bytes);
  return { key, result: { bytes: bytes.length } };
}
