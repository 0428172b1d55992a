import { readLabelMap } from "../../data/label-file.ts";
import { readFileBytes } from "../../data/paths.ts";
import { readPhoto } from "../../data/photo.ts";
import { loadProposals } from "../../data/stored-proposals.ts";
import { drawPictures, type PanelLayer } from "../report/panels.ts";
import type { ReportPictures } from "../report/report.ts";
import { type CamFile, readCamFile } from "./seed.ts";

export interface SeedPanelsTask {
  readonly id: string;
  readonly photo: string;
  readonly cam: CamFile;
  /** File of the CAM after affinity; null without it. */
  readonly refined: string | null;
  /** Folder of proposals, as `openProposals` found it. */
  readonly proposals: string;
  readonly seed: string;
  readonly truth: string | null;
  /** 256 × RGB by class id. */
  readonly palette: Uint8Array;
}

/** Draws one image's row of the report: image, heat maps, masks, seed and, where there is one, truth. */
export async function drawSeedPanels(task: SeedPanelsTask): Promise<ReportPictures> {
  const { id, cam, refined, truth, palette } = task;
  const photo = await readPhoto(task.photo);
  const { proposals } = (await loadProposals(task.proposals, id)).decode().set;
  const heat = (caption: string, path: string): PanelLayer => ({
    kind: "cam",
    caption,
    cam: readCamFile(readFileBytes(path), { ...cam, path }),
  });
  const labels = (caption: string, path: string): PanelLayer => ({
    kind: "labels",
    caption,
    labels: readLabelMap(path),
  });
  return await drawPictures(id, { photo, size: photo, palette }, [
    { kind: "photo", caption: "image" },
    heat("CAM", cam.path),
    ...(refined === null ? [] : [heat("affinity", refined)]),
    { kind: "proposals", caption: "masks", proposals },
    labels("seed", task.seed),
    ...(truth === null ? [] : [labels("truth", truth)]),
  ]);
}
