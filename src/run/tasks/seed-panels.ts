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
  /** One, or two. */
  readonly rounds: readonly SeedPanelsRound[];
  /** Folder of proposals, as `openProposals` found it. */
  readonly proposals: string;
  readonly truth: string | null;
  /** 256 × RGB by class id. */
  readonly palette: Uint8Array;
}

/** One way from a CAM to a seed. */
export interface SeedPanelsRound {
  /** Begins its captions: "coarse ", or "". */
  readonly label: string;
  readonly cam: CamFile;
  /** File of the CAM after affinity; null without it. */
  readonly refined: string | null;
  readonly seed: string;
}

/**
 * Draws one image's panels for the report: image, heat maps, masks, seed and, where there is one, truth. The heat maps and the seed of a
 * second round stand below those of the first.
 */
export async function drawSeedPanels(task: SeedPanelsTask): Promise<ReportPictures> {
  const { id, rounds, truth, palette } = task;
  const photo = await readPhoto(task.photo);
  const { proposals } = (await loadProposals(task.proposals, id)).decode().set;
  const image: PanelLayer = { kind: "photo", caption: "image" };
  const masks: PanelLayer = { kind: "proposals", caption: "masks", proposals };
  const expected = truth === null ? [] : [labelLayer("truth", truth)];
  const [first, second] = rounds;
  const layers =
    second === undefined
      ? [image, ...heatLayers(first), masks, seedLayer(first), ...expected]
      : [
          ...[image, ...heatLayers(first), seedLayer(first), ...expected],
          ...[{ ...masks, startsRow: true }, ...heatLayers(second), seedLayer(second)],
        ];
  return await drawPictures(id, { photo, size: photo, palette }, layers);
}

function heatLayers({ label, cam, refined }: SeedPanelsRound): PanelLayer[] {
  const layerOf = (name: string, file: CamFile): PanelLayer => ({
    kind: "cam",
    caption: `${label}${name}`,
    cam: readCamFile(readFileBytes(file.path), file),
  });
  const first = layerOf("CAM", cam);
  return refined === null ? [first] : [first, layerOf("affinity", { ...cam, path: refined })];
}

function seedLayer({ label, seed }: SeedPanelsRound): PanelLayer {
  return labelLayer(`${label}seed`, seed);
}

function labelLayer(caption: string, path: string): PanelLayer {
  return { kind: "labels", caption, labels: readLabelMap(path) };
}
