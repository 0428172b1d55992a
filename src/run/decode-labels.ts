import { isSameSize, type Size } from "../core/geometry.ts";
import type { LabelMap } from "../core/label-map.ts";
import { decodeLabelMap } from "../data/label-file.ts";
import { type CamReading, LABEL_ENDING } from "./label-input.ts";

/**
 * The label map in a file's bytes, whichever kind it is; of a CAM as large as the file says its picture is. The readers of CAM formats are
 * loaded at the first CAM.
 *
 * @param size  of the picture, for a CAM whose file does not say it, and may then have no maps; by default that of its maps
 */
export async function decodeLabels(
  bytes: Uint8Array,
  path: string,
  { background, keyBase }: CamReading,
  size?: Size,
): Promise<LabelMap> {
  if (path.toLowerCase().endsWith(LABEL_ENDING)) return decodeLabelMap(bytes, path);
  const [{ decodeCam }, { labelsFromCam }, { interpolate }] = await Promise.all([
    import("../data/cam-file.ts"),
    import("../methods/sepl/cam-labels.ts"),
    import("../core/interpolate.ts"),
  ]);
  const cam = decodeCam(bytes, path, { keyBase, mayBeEmpty: size !== undefined });
  const { classes, height, width, data, picture = size ?? cam } = cam;
  if (isSameSize(cam, picture)) return labelsFromCam(cam, background);
  const maps = { dtype: "float32", shape: [classes.length, height, width], data } as const;
  const stretched = interpolate(maps, picture, "bilinear").data;
  const { height: rows, width: columns } = picture;
  return labelsFromCam({ kind: "cam", classes, height: rows, width: columns, data: stretched }, background);
}
