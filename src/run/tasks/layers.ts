import { readCam } from "../../data/cam-file.ts";
import { readLabelMap } from "../../data/label-file.ts";
import { readPhoto } from "../../data/photo.ts";
import { loadProposals } from "../../data/stored-proposals.ts";
import { drawPictures, type PanelLayer } from "../report/panels.ts";
import type { ReportPictures } from "../report/report.ts";

/** Something made of a photo, in a file. */
export type LayerFile =
  | { readonly kind: "labels"; readonly caption: string; readonly path: string }
  | { readonly kind: "cam"; readonly caption: string; readonly path: string; readonly keyBase: 0 | 1 }
  | { readonly kind: "proposals"; readonly caption: string; readonly folder: string };

export interface LayersTask {
  readonly id: string;
  readonly photo: string;
  readonly layers: readonly LayerFile[];
  /** 256 × RGB by class id. */
  readonly palette: Uint8Array;
}

/** Draws one photo's row of a report: the photo, and each layer over it. */
export async function drawLayers({ id, photo: path, layers, palette }: LayersTask): Promise<ReportPictures> {
  const photo = await readPhoto(path);
  const panels = await Promise.all(layers.map((layer) => loadLayer(layer, id)));
  return await drawPictures(id, { photo, size: photo, palette }, [
    { kind: "photo", caption: "image" },
    ...panels,
  ]);
}

async function loadLayer(layer: LayerFile, id: string): Promise<PanelLayer> {
  const { kind, caption } = layer;
  switch (kind) {
    case "labels":
      return { kind, caption, labels: readLabelMap(layer.path) };
    case "cam":
      return { kind, caption, cam: await readCam(layer.path, { keyBase: layer.keyBase }) };
    case "proposals":
      return { kind, caption, proposals: (await loadProposals(layer.folder, id)).decode().set.proposals };
  }
}
