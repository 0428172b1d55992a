import type { LabelMap } from "../../core/label-map.ts";
import { readLabelMap } from "../../data/label-file.ts";
import { readFileBytes } from "../../data/paths.ts";
import { readPhoto } from "../../data/photo.ts";
import { loadProposals } from "../../data/stored-proposals.ts";
import { decodeLabels } from "../decode-labels.ts";
import type { CamReading } from "../label-input.ts";
import { drawPictures, type PanelLayer } from "../report/panels.ts";
import type { ReportPictures } from "../report/report.ts";

export interface PanelsTask {
  readonly id: string;
  /** null: the layers are drawn over gray. */
  readonly photo: string | null;
  readonly before: string;
  /** Used where `before` is a CAM file. */
  readonly cams: CamReading;
  /** Folder of proposals, as `openProposals` found it. */
  readonly proposals: string;
  readonly after: string;
  readonly truth: string;
  /** 256 × RGB by class id. */
  readonly palette: Uint8Array;
}

/** Draws one image's row of the report: image, before, proposals, after, truth. */
export async function drawPanels(task: PanelsTask): Promise<ReportPictures> {
  const { id, photo, before, cams, palette } = task;
  const layerOf = (caption: string, labels: LabelMap): PanelLayer => ({ kind: "labels", caption, labels });
  const after = readLabelMap(task.after);
  const { proposals } = (await loadProposals(task.proposals, id)).decode().set;
  return await drawPictures(
    id,
    { photo: photo === null ? null : await readPhoto(photo), size: after, palette },
    [
      ...(photo === null ? [] : [{ kind: "photo", caption: "image" } as const]),
      layerOf("before", await decodeLabels(readFileBytes(before), before, cams)),
      { kind: "proposals", caption: "proposals", proposals },
      layerOf("after", after),
      layerOf("truth", readLabelMap(task.truth)),
    ],
  );
}
