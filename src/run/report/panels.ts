import type { ClassMaps } from "../../core/class-maps.ts";
import type { Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { foregroundClasses, type LabelMap } from "../../core/label-map.ts";
import type { Proposal } from "../../core/proposal.ts";
import { resizeImage, resizeLabels } from "../../core/resize.ts";
import { checkSameSize } from "../../core/rle.ts";
import { encodeJpeg } from "../../data/photo.ts";
import { overlayCam } from "./heat-map.ts";
import { grayPicture, overlayLabels, overlayProposals } from "./overlay.ts";
import type { ReportPictures } from "./report.ts";

/** What a panel shows over the photo. */
export type PanelLayer = { readonly startsRow?: boolean } & (
  | { readonly kind: "photo"; readonly caption: string }
  | { readonly kind: "labels"; readonly caption: string; readonly labels: LabelMap }
  | { readonly kind: "cam"; readonly caption: string; readonly cam: ClassMaps<"cam" | "score"> }
  | { readonly kind: "proposals"; readonly caption: string; readonly proposals: readonly Proposal[] }
);

/** What all panels of an image have in common. */
export interface PanelBase {
  /** null when it is missing: the layers are drawn over gray. */
  readonly photo: RgbImage | null;
  /** Of the photo, the label maps and the proposals. */
  readonly size: Size;
  /** 256 × RGB by class id. */
  readonly palette: Uint8Array;
}

/** A panel's size limits in px: five JPEGs of this width are about 100 KB, 20 images of them 2–3 MB. */
const PANEL_LIMITS: Size = { height: 480, width: 320 };

/**
 * The panels of one image for the report: layers over the photo, shrunk to at most 320 × 480. Everything
 * is shrunk before it is drawn, so lines are one pixel wide in every panel.
 *
 * @throws MaskwrightError SHAPE_MISMATCH if a layer or the photo is of another size; a CAM may have any grid
 */
export async function drawPictures(
  id: string,
  { photo, size, palette }: PanelBase,
  layers: readonly PanelLayer[],
): Promise<ReportPictures> {
  if (photo !== null) checkSameSize(`report: photo of ${id}`, size, photo);
  const panelSize = shrinkSize(size, PANEL_LIMITS);
  const base = photo === null ? grayPicture(panelSize) : resizeImage(photo, panelSize, "bilinear");
  const classes = new Set<number>();
  const draw = (layer: PanelLayer): RgbImage => {
    switch (layer.kind) {
      case "photo":
        return base;
      case "labels":
        checkSameSize(`report: "${layer.caption}" of ${id}`, size, layer.labels);
        for (const c of foregroundClasses(layer.labels)) classes.add(c);
        return overlayLabels(base, resizeLabels(layer.labels, panelSize), palette);
      case "cam":
        for (const c of layer.cam.classes) classes.add(c);
        return overlayCam(base, layer.cam, palette);
      case "proposals":
        for (const { rle } of layer.proposals) checkSameSize(`report: proposals of ${id}`, size, rle);
        return overlayProposals(base, layer.proposals);
    }
  };
  const panels = await Promise.all(
    layers.map(async (layer) => {
      const { caption, startsRow = false } = layer;
      return { caption, source: await encodePanel(draw(layer)), ...(startsRow && { startsRow }) };
    }),
  );
  return { id, panels, classes: [...classes].sort((a, b) => a - b) };
}

/** The largest size of the same shape within the limits, at least 1 × 1 and never larger than it was. */
export function shrinkSize({ height, width }: Size, limits: Size): Size {
  const scale = Math.min(1, limits.height / height, limits.width / width);
  return { height: Math.max(1, Math.round(height * scale)), width: Math.max(1, Math.round(width * scale)) };
}

/** The picture as a data URI of a JPEG. */
export async function encodePanel(image: RgbImage): Promise<string> {
  return `data:image/jpeg;base64,${Buffer.from(await encodeJpeg(image)).toString("base64")}`;
}
