import { isSameSize } from "../core/geometry.ts";
import type { LabelMap } from "../core/label-map.ts";
import { decodeLabelMap } from "../data/label-file.ts";
import { type CamReading, LABEL_ENDING } from "./label-input.ts";

/** The label map in a file's bytes, whichever kind it is; of a CAM as large as the file says its picture is. The readers of CAM formats are loaded at the first CAM. */
export async function decodeLabels(
  bytes: Uint8Array,
  path: string,
  { background, keyBase }: CamReading,
): Promise<LabelMap> {
  if (path.toLowerCase().endsWith(LABEL_ENDING)) return decodeLabelMap(bytes, path);
  const [{ decodeCam }, { labelsFromCam }, { interpolate }] = await Promise.all([
    import("../data/cam-file.ts"),
    import("../methods/sepl/cam-labels.ts"),
    import("../core/interpolate.ts"),
  ]);
  const cam = decodeCam(bytes, path, { keyBase });
  const { classes, height, width, data, picture = cam } = cam;
  if (isSameSize(cam, picture)) return labelsFromCam(cam, background);
  const maps = { dtype: "float32", shape: [classes.length, height, width], data } as const;
  const stretched = interpolate(maps, picture, "bilinear").data;
  const { height: rows, width: columns } = picture;
  return labelsFromCam({ kind: "cam", classes, height: rows, width: columns, data: stretched }, background);
}
