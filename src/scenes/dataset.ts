import { invalid } from "../core/error.ts";

/** Ids of a data set of scenes, each the seed of `drawScene`: "scene-7-000000" and so on. More ids begin with the same ones. */
export function sceneIds(count: number, seed: number): string[] {
  if (!Number.isInteger(count) || count < 0)
    throw invalid("sceneIds: count", "an integer of 0 or more", count);
  return Array.from({ length: count }, (_, k) => `scene-${seed}-${String(k).padStart(6, "0")}`);
}
