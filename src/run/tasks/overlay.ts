import { existsSync } from "node:fs";
import { shapeMismatch } from "../../core/error.ts";
import { formatSize, isSameSize, type Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { decodeLabelMap } from "../../data/label-file.ts";
import { readFileBytes } from "../../data/paths.ts";
import { encodeJpeg, readPhoto } from "../../data/photo.ts";
import { loadProposals } from "../../data/stored-proposals.ts";
import { artifactKey } from "../artifact-key.ts";
import { writeAtomically } from "../files.ts";
import { grayPicture, overlayLabels, overlayProposals } from "../report/overlay.ts";
import type { ItemResult } from "../stage.ts";

export interface OverlayTask {
  readonly id: string;
  /** null: drawn over gray. */
  readonly photo: string | null;
  readonly layer:
    | { readonly kind: "labels"; readonly path: string; readonly palette: Uint8Array }
    | { readonly kind: "proposals"; readonly folder: string };
  /** The JPEG to write. */
  readonly out: string;
  readonly stage: string;
  readonly knownKey: string | null;
}

/** Draws one image's masks over its photo. */
export async function drawOverlay({
  id,
  photo,
  layer,
  out,
  stage,
  knownKey,
}: OverlayTask): Promise<ItemResult<true>> {
  const files =
    layer.kind === "labels"
      ? [readFileBytes(layer.path)]
      : (await loadProposals(layer.folder, id)).files.map((f) => f.bytes);
  const key = artifactKey(stage, photo === null ? files : [readFileBytes(photo), ...files]);
  if (key === knownKey && existsSync(out)) return { key, result: null };
  const over = async (size: Size): Promise<RgbImage> => {
    if (photo === null) return grayPicture(size);
    const image = await readPhoto(photo);
    if (!isSameSize(image, size))
      throw shapeMismatch(photo, `${formatSize(size)} like its masks`, formatSize(image));
    return image;
  };
  let picture: RgbImage;
  if (layer.kind === "labels") {
    const labels = decodeLabelMap(files[0], layer.path);
    picture = overlayLabels(await over(labels), labels, layer.palette);
  } else {
    const { set } = (await loadProposals(layer.folder, id)).decode();
    picture = overlayProposals(await over(set), set.proposals);
  }
  writeAtomically(out, await encodeJpeg(picture, { quality: 88 }));
  return { key, result: true };
}
