import { existsSync } from "node:fs";
import { shapeMismatch } from "../../core/error.ts";
import { formatSize, isSameSize, type Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { decodeCam } from "../../data/cam-file.ts";
import { decodeLabelMap } from "../../data/label-file.ts";
import { readFileBytes } from "../../data/paths.ts";
import { encodeJpeg, readPhoto } from "../../data/photo.ts";
import { loadProposals } from "../../data/stored-proposals.ts";
import { artifactKey } from "../artifact-key.ts";
import { writeAtomically } from "../files.ts";
import { overlayCam } from "../report/heat-map.ts";
import { grayPicture, overlayLabels, overlayProposals } from "../report/overlay.ts";
import type { ItemResult } from "../stage.ts";

export interface OverlayTask {
  readonly id: string;
  /** null: drawn over gray. */
  readonly photo: string | null;
  readonly layer:
    | { readonly kind: "labels"; readonly path: string; readonly palette: Uint8Array }
    | { readonly kind: "cam"; readonly path: string; readonly palette: Uint8Array }
    | { readonly kind: "proposals"; readonly folder: string };
  /** The JPEG to write. */
  readonly out: string;
  readonly stage: string;
  readonly knownKey: string | null;
}

/** Draws one image's masks or heat maps over its photo. */
export async function drawOverlay(task: OverlayTask): Promise<ItemResult<true>> {
  const { photo, out, stage, knownKey } = task;
  const layer = await loadLayer(task);
  const key = artifactKey(stage, photo === null ? layer.files : [readFileBytes(photo), ...layer.files]);
  if (key === knownKey && existsSync(out)) return { key, result: null };
  writeAtomically(out, await encodeJpeg(await layer.draw(), { quality: 88 }));
  return { key, result: true };
}

/** What is drawn: its files, read once for the key and for drawing, and how to draw them. */
interface Layer {
  readonly files: readonly Uint8Array[];
  draw(): Promise<RgbImage>;
}

async function loadLayer({ id, photo, layer }: OverlayTask): Promise<Layer> {
  if (layer.kind === "labels") {
    const bytes = readFileBytes(layer.path);
    const draw = async (): Promise<RgbImage> => {
      const labels = decodeLabelMap(bytes, layer.path);
      return overlayLabels(await readBase(photo, labels), labels, layer.palette);
    };
    return { files: [bytes], draw };
  }
  if (layer.kind === "cam") {
    const bytes = readFileBytes(layer.path);
    const draw = async (): Promise<RgbImage> => {
      const cam = decodeCam(bytes, layer.path);
      return overlayCam(await readBase(photo, cam.picture ?? cam), cam, layer.palette);
    };
    return { files: [bytes], draw };
  }
  const stored = await loadProposals(layer.folder, id);
  const draw = async (): Promise<RgbImage> => {
    const { set } = stored.decode();
    return overlayProposals(await readBase(photo, set), set.proposals);
  };
  return { files: stored.files.map(({ bytes }) => bytes), draw };
}

/** The photo to draw over, of the masks' size, or gray. */
async function readBase(photo: string | null, size: Size): Promise<RgbImage> {
  if (photo === null) return grayPicture(size);
  const image = await readPhoto(photo);
  if (isSameSize(image, size)) return image;
  throw shapeMismatch(photo, `${formatSize(size)} like its masks`, formatSize(image));
}
