import type { LabelMap } from "../core/label-map.ts";
import { decodeLabelMap } from "../data/label-file.ts";
import { type CamReading, LABEL_ENDING } from "./label-input.ts";

/** The label map in a file's bytes, whichever kind it is. The readers of CAM formats are loaded at the first CAM. */
export async function decodeLabels(
  bytes: Uint8Array,
  path: string,
  { background, keyBase }: CamReading,
): Promise<LabelMap> {
  if (path.toLowerCase().endsWith(LABEL_ENDING)) return decodeLabelMap(bytes, path);
  const [{ decodeCam }, { labelsFromCam }] = await Promise.all([
    import("../data/cam-file.ts"),
    import("../methods/sepl/cam-labels.ts"),
  ]);
  return labelsFromCam(decodeCam(bytes, path, { keyBase }), background);
}
